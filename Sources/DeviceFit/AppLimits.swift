import BinaryIO

/// A version of an operating system, such as 17 or 26.4.
public struct SystemVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The major number, such as 26 in 26.4.
    public let major: Int
    /// The minor number, such as 4 in 26.4; nil if only the major number is known.
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

    /// Orders versions by number; one without a minor number counts as the first of its major version.
    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor ?? 0) < (right.major, right.minor ?? 0)
    }

    /// Whether this version is not after `end`; an `end` without a minor number includes its whole major version.
    func isUp(to end: SystemVersion) -> Bool {
        guard let minor = end.minor else { return major <= end.major }
        return (major, self.minor ?? 0) <= (end.major, minor)
    }

    /// The version as it is written: `17`, `26.4`.
    public var description: String { minor.map { "\(major).\($0)" } ?? "\(major)" }
}

/// The memory that one app may use, by memory size and system version: the operating system decides, and versions
/// differ.
public struct AppLimits: Sendable {
    /// The limits for one memory size and one span of versions.
    public struct Limit: Hashable, Sendable {
        /// The limit in MiB of an app on the screen.
        public var mebibytes: Int
        /// The limit in MiB with Apple's entitlement; nil if it was not measured.
        public var entitledMebibytes: Int?
        /// The source of the figures.
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

    /// Reads the built-in table; its columns of the memory left in the background are for human readers.
    /// - Throws: `DeviceFitError.malformedCatalogue`; a test reads the table, so only a changed table can throw.
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

    /// The memory that an app on a device may use under a system version; nil if nothing is known.
    public func limit(of device: Device, running version: SystemVersion) -> Limit? {
        guard let rule = rules.first(where: { $0.holds(device, version) }) else { return nil }
        guard let limit = rule.mebibytes ?? rule.share.map({ $0 * device.ramGiB * 1024 }) else { return nil }
        return Limit(
            mebibytes: Int(limit),
            entitledMebibytes: rule.entitled.map { Int($0) },
            source: rule.source
        )
    }

    /// Returns the device with its limits under a system version.
    /// - Throws: `DeviceFitError.invalidRequest` if nothing is known of the version.
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
