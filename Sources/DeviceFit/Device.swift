/// The two systems that the catalogue knows; iPads count as iOS.
public enum Platform: String, Codable, Sendable, CaseIterable {
    case android, ios

    /// Reads a name in any case.
    /// - Throws: `DeviceFitError.unknownPlatform`, with near names.
    public init(named name: String) throws(DeviceFitError) {
        guard let platform = Platform(rawValue: name.lowercased()) else { throw .unknownPlatform(name) }
        self = platform
    }
}

/// How well a number is founded.
public enum Confidence: String, Codable, Sendable, Comparable {
    /// No measurement of this kind of device; the range is wide on purpose.
    case low
    /// Interpolated from measured neighbours, or measured with another program.
    case medium
    /// Measured on this chip.
    case high

    /// The weaker before the stronger.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        }
    }
}

/// A phone or tablet of the catalogue.
public struct Device: Codable, Hashable, Sendable, Identifiable {
    /// In lower case, such as `pixel-8`.
    public let id: String
    /// As it is sold.
    public internal(set) var name: String
    /// The system that it runs.
    public let platform: Platform
    /// In which it was first sold.
    public let year: Int
    /// The chip's name.
    public let soc: String
    /// Physical memory in GiB, as phones are sold.
    public let ramGiB: Double
    /// Theoretical memory bandwidth of the chip in 10^9 bytes per second; a phone may ship slower memory.
    public let bandwidthGBps: Double
    /// The processor's cores.
    public let cpu: String
    /// The graphics unit.
    public let gpu: String
    /// Vendors' figures, which are not comparable with each other.
    public let npuTOPS: Double?
    /// Energy of a full battery; nil where it is not known.
    public let batteryWattHours: Double?
    /// What one app may use, in GiB: measured on iOS, half of the memory on Android.
    public internal(set) var appLimitGiB: Double
    /// The same with Apple's increased-memory-limit entitlement, where it was measured.
    public internal(set) var entitledAppLimitGiB: Double?
    /// What somebody grants the app below the device's own limit, in bytes; nil where nothing was said.
    public internal(set) var budgetBytes: Int?
    /// Such as `LPDDR5X`.
    public let memoryType: String
    /// The version of the system that it was sold with.
    public let launchSystem: String
    /// Where the numbers come from; `docs/device-fit.md` lists the keys.
    public internal(set) var source: String
    /// Whether memory size and battery have a source, or are general knowledge.
    public let isRAMAndBatterySourced: Bool
    /// Whether the chip database gives one bus width and speed, or one had to be assumed.
    public let isBandwidthSourced: Bool

    /// Every value is as its property describes it.
    public init(
        id: String,
        name: String,
        platform: Platform,
        year: Int,
        soc: String,
        ramGiB: Double,
        bandwidthGBps: Double,
        cpu: String = "",
        gpu: String = "",
        npuTOPS: Double? = nil,
        batteryWattHours: Double? = nil,
        appLimitGiB: Double,
        entitledAppLimitGiB: Double? = nil,
        memoryType: String = "",
        launchSystem: String = "",
        source: String,
        isRAMAndBatterySourced: Bool = true,
        isBandwidthSourced: Bool = true
    ) {
        (self.id, self.name, self.platform, self.year, self.soc) = (id, name, platform, year, soc)
        (self.ramGiB, self.bandwidthGBps, self.cpu, self.gpu) = (ramGiB, bandwidthGBps, cpu, gpu)
        (self.npuTOPS, self.batteryWattHours) = (npuTOPS, batteryWattHours)
        (self.appLimitGiB, self.entitledAppLimitGiB) = (appLimitGiB, entitledAppLimitGiB)
        (self.memoryType, self.launchSystem, self.source) = (memoryType, launchSystem, source)
        (self.isRAMAndBatterySourced, self.isBandwidthSourced) = (isRAMAndBatterySourced, isBandwidthSourced)
    }

    /// The same device for an app that may use no more than `budget`; the smaller of both limits counts.
    public func limited(to budget: ByteSize?) -> Device {
        var device = self
        if let budget { device.budgetBytes = min(budget.bytes, budgetBytes ?? .max) }
        return device
    }

    /// What one app may use, in bytes, with what somebody grants it.
    public var appLimitBytes: Int { min(Int(appLimitGiB * ByteSize.gibibyte), budgetBytes ?? .max) }
    /// Whether the budget is less than what the device grants.
    var isLimitedByBudget: Bool { budgetBytes.map { $0 < Int(appLimitGiB * ByteSize.gibibyte) } ?? false }
    /// The same with Apple's entitlement; nil where it was not measured.
    public var entitledAppLimitBytes: Int? { entitledAppLimitGiB.map { Int($0 * ByteSize.gibibyte) } }
    /// Physical memory in bytes.
    public var ramBytes: Int { Int(ramGiB * ByteSize.gibibyte) }
}
