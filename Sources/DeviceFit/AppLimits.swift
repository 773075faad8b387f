import BinaryIO

/// A version of a system, such as 17 or 26.4.
public struct SystemVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Such as 26 of 26.4.
    public let major: Int
    /// Such as 4 of 26.4; nil where only the major number is known.
    public let minor: Int?

    /// - Throws: `DeviceFitError.invalidRequest`.
    public init(_ text: String) throws(DeviceFitError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            part.count <= 3 && part.allSatisfy(\.isASCII) ? Int(part) : nil
        }
        guard (1...3).contains(parts.count), let major = parts[0], major > 0, parts.allSatisfy({ ($0 ?? -1) >= 0 })
        else {
            throw .invalidRequest("'\(text)' is not a system version. Write it as 17 or 26.4.")
        }
        self.major = major
        minor = parts.count > 1 ? parts[1] : nil
    }

    /// By number; a version without a minor number is its first.
    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor ?? 0) < (right.major, right.minor ?? 0)
    }

    /// Whether this version is not after another; one without a minor number ends with the last of its major.
    func isUp(to end: SystemVersion) -> Bool {
        guard let minor = end.minor else { return major <= end.major }
        return (major, self.minor ?? 0) <= (end.major, minor)
    }

    /// As it is written: `17`, `26.4`.
    public var description: String { minor.map { "\(major).\($0)" } ?? "\(major)" }
}

/// What one app may use, by memory size and version of the system: it is the system that decides, and it changes its mind.
public struct AppLimits: Sendable {
    /// What is known for one size of memory and one span of versions.
    public struct Limit: Hashable, Sendable {
        /// In MiB: of an app on the screen, and with Apple's entitlement.
        public var mebibytes: Int
        /// Nil where it was not measured.
        public var entitledMebibytes: Int?
        /// Where the figures come from.
        public var source: String
    }

    private struct Rule {
        var platform: Platform
        var form: String
        var gibibytes: Range<Double>
        var from: SystemVersion?
        var to: SystemVersion?
        var mebibytes: Double?
        var share: Double?
        var entitled: Double?
        var source: String

        func holds(_ device: Device, _ version: SystemVersion) -> Bool {
            platform == device.platform && (form == "any" || (form == "tablet") == device.isTablet)
                && gibibytes.contains(device.ramGiB) && (from.map { $0 <= version } ?? true)
                && (to.map { version.isUp(to: $0) } ?? true)
        }
    }

    private let rules: [Rule]

    /// The built-in table; its columns of what is left in the background are for people.
    /// - Throws: `DeviceFitError.malformedCatalogue`; a test reads the table, so only a changed one can.
    public init() throws(DeviceFitError) {
        try self.init(String(decoding: PackageResources.app_limits_csv, as: UTF8.self))
    }

    package init(_ text: String) throws(DeviceFitError) {
        let name = "app_limits.csv"
        var rules: [Rule] = []
        for row in try CSVTable(text, name: name).rows {
            func number(_ column: String) -> Double? { Double(row[column]) }
            func version(_ column: String) throws(DeviceFitError) -> SystemVersion? {
                row[column].isEmpty ? nil : try SystemVersion(row[column])
            }
            guard let platform = Platform(rawValue: row["platform"]), let low = number("ram_from_gib"),
                let high = number("ram_below_gib"), low < high, ["phone", "tablet", "any"].contains(row["form"]),
                number("limit_mib") != nil || number("limit_share") != nil, !row["source"].isEmpty
            else {
                throw .malformedCatalogue(table: name, line: row.line, detail: "not a limit of one size of memory")
            }
            rules.append(
                Rule(
                    platform: platform,
                    form: row["form"],
                    gibibytes: low..<high,
                    from: try version("os_from"),
                    to: try version("os_to"),
                    mebibytes: number("limit_mib"),
                    share: number("limit_share"),
                    entitled: number("entitled_mib"),
                    source: row["source"]
                )
            )
        }
        self.rules = rules
    }

    /// What an app on a device may use under a version of its system; nil where nothing is known.
    public func limit(of device: Device, running version: SystemVersion) -> Limit? {
        guard let rule = rules.first(where: { $0.holds(device, version) }) else { return nil }
        guard let limit = rule.mebibytes ?? rule.share.map({ $0 * device.ramGiB * 1024 }) else { return nil }
        return Limit(
            mebibytes: Int(limit),
            entitledMebibytes: rule.entitled.map { Int($0) },
            source: rule.source
        )
    }

    /// The device as it is under a version of its system.
    /// - Throws: `DeviceFitError.invalidRequest` where nothing is known.
    public func device(_ device: Device, running version: SystemVersion) throws(DeviceFitError) -> Device {
        guard let limit = limit(of: device, running: version) else {
            throw .invalidRequest(
                "what an app may use on \(device.name) under version \(version) is not known. Leave "
                    + "\(setting: "os") out for the catalogue's figure."
            )
        }
        return device.limited(to: limit, under: version)
    }
}

extension Device {
    var isTablet: Bool { name.hasPrefix("iPad") }

    fileprivate func limited(to limit: AppLimits.Limit, under version: SystemVersion) -> Device {
        let system = platform == .android ? "Android" : isTablet ? "iPadOS" : "iOS"
        var device = self
        device.name = "\(name) with \(system) \(version)"
        device.appLimitGiB = Double(limit.mebibytes) / 1024
        device.entitledAppLimitGiB = limit.entitledMebibytes.map { Double($0) / 1024 }
        device.source = "limit: \(limit.source); \(source)"
        return device
    }
}
