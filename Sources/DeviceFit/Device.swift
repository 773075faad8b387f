/// The two systems of the catalogue; iPads count as iOS.
public enum Platform: String, Codable, Sendable, CaseIterable {
    case android, ios

    /// Reads a name in any case.
    /// - Throws: `DeviceFitError.unknownPlatform`, with near names.
    public init(named name: String) throws(DeviceFitError) {
        guard let platform = Platform(rawValue: name.lowercased()) else { throw .unknownPlatform(name) }
        self = platform
    }
}

/// How well a number is supported.
public enum Confidence: String, Codable, Sendable, Comparable {
    /// No measurement of this kind of device; the range is wide on purpose.
    case low
    /// Interpolated from measured neighbours, or measured with another program.
    case medium
    /// Measured on this chip.
    case high

    /// Orders the weaker before the stronger.
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
    /// The id in lower case, such as `pixel-8`.
    public let id: String
    /// The name under which it is sold.
    public internal(set) var name: String
    /// The operating system of the device.
    public let platform: Platform
    /// The year in which it was first sold.
    public let year: Int
    /// The name of the chip.
    public let soc: String
    /// Physical memory in GiB, as phones are advertised.
    public let ramGiB: Double
    /// Theoretical memory bandwidth of the chip in 10^9 bytes per second; a phone may ship slower memory.
    public let bandwidthGBps: Double
    /// The processor's cores.
    public let cpu: String
    /// The graphics unit.
    public let gpu: String
    /// The vendor's figure; figures of vendors cannot be compared with each other.
    public let npuTOPS: Double?
    /// The energy of a full battery; nil if it is not known.
    public let batteryWattHours: Double?
    /// The memory that one app may use, in GiB: measured on iOS, half of the memory on Android.
    public internal(set) var appLimitGiB: Double
    /// The memory that one app may use with Apple's increased-memory-limit entitlement, in GiB; nil if it was not
    /// measured.
    public internal(set) var entitledAppLimitGiB: Double?
    /// The memory that a user grants the app below the device's own limit, in bytes; nil if no budget was given.
    public internal(set) var budgetBytes: Int?
    /// The type of memory, such as `LPDDR5X`.
    public let memoryType: String
    /// The system version that it was sold with.
    public let launchSystem: String
    /// The sources of the numbers; `docs/device-fit.md` lists the keys.
    public internal(set) var source: String
    /// Whether memory size and battery have a source; otherwise they are general knowledge.
    public let isRAMAndBatterySourced: Bool
    /// Whether the chip database gives one bus width and speed; otherwise one was assumed.
    public let isBandwidthSourced: Bool

    /// Creates a value from its parts; each parameter is documented on its property.
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

    /// Returns the device for an app that may use no more than `budget`; the smaller of both limits counts.
    public func limited(to budget: ByteSize?) -> Device {
        var device = self
        if let budget { device.budgetBytes = min(budget.bytes, budgetBytes ?? .max) }
        return device
    }

    /// The memory that one app may use, in bytes, limited by the budget.
    public var appLimitBytes: Int { min(Int(appLimitGiB * ByteSize.gibibyte), budgetBytes ?? .max) }
    /// Whether the budget is below the device's own limit.
    var isLimitedByBudget: Bool { budgetBytes.map { $0 < Int(appLimitGiB * ByteSize.gibibyte) } ?? false }
    /// The memory that one app may use with Apple's entitlement, in bytes; nil if it was not measured.
    public var entitledAppLimitBytes: Int? { entitledAppLimitGiB.map { Int($0 * ByteSize.gibibyte) } }
    /// Physical memory in bytes.
    public var ramBytes: Int { Int(ramGiB * ByteSize.gibibyte) }
}
