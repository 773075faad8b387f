import DeviceFit

/// What a page is asked for.
public enum SiteRequest: Hashable, Sendable {
    /// The list of models, newest first; pages count from 1.
    case home(page: Int = 1)
    /// Versions, channels and builds of a model.
    case model(String)
    /// Everything known of one version.
    case report(model: String, version: String)
    /// One build.
    case build(model: String, version: String, type: String)
    /// The form, and the answer where something is asked.
    case query(QueryFields)
    /// The list of answers that were made beforehand; as the other two below, for files alone: a server answers what is asked.
    case finder
    /// An answer for a system and the memory that an app may use.
    case best(Platform, MemoryStep)
    /// An answer for a device of the catalogue.
    case bestOnDevice(String)

    /// Reads the path of a URL, which is decoded already, and what is asked behind it.
    /// - Parameters:
    ///   - path: beginning with a slash; one at the end does not count.
    ///   - parameters: names and values, decoded; unknown names do not count.
    /// - Returns: nil where no page has such a path.
    public init?(path: String, parameters: [(name: String, value: String)] = []) {
        guard path.utf8.count <= 2048 else { return nil }
        let parts = path.split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case (nil, 0): self = .home()
        case ("pages", 2):
            guard let page = Int(parts[1]), page > 1, "\(page)" == parts[1] else { return nil }
            self = .home(page: page)
        case ("models", 2): self = .model(parts[1])
        case ("models", 3): self = .report(model: parts[1], version: parts[2])
        case ("builds", 4): self = .build(model: parts[1], version: parts[2], type: parts[3])
        case ("query", 1): self = .query(QueryFields(parameters))
        default: return nil
        }
    }

    /// The parts of its path.
    var path: [String] {
        switch self {
        case .home(let page): page > 1 ? ["pages", "\(page)"] : []
        case .model(let model): ["models", model]
        case .report(let model, let version): ["models", model, version]
        case .build(let model, let version, let type): ["builds", model, version, type]
        case .query: ["query"]
        case .finder: ["best"]
        case .best(let platform, let step): ["best", platform.rawValue, step.name]
        case .bestOnDevice(let id): ["best", "device", id]
        }
    }
}

/// An amount of memory that answers are made for beforehand.
public struct MemoryStep: Hashable, Sendable {
    /// In tenths of a gigabyte.
    private let tenths: Int

    /// What phones give an app, from the smallest to the largest.
    public static let all = [10, 15, 20, 30, 40, 60, 80, 120, 160].map(MemoryStep.init(tenths:))

    private init(tenths: Int) { self.tenths = tenths }

    /// In gigabytes.
    var gigabytes: Double { Double(tenths) / 10 }
    /// In bytes; a gigabyte has 10^9.
    var bytes: Int { tenths * 100_000_000 }
    /// As it is in addresses: `3gb`, `1.5gb`.
    public var name: String { tenths % 10 == 0 ? "\(tenths / 10)gb" : "\(tenths / 10).\(tenths % 10)gb" }
    /// As a query takes it: `3GB`.
    var setting: String { name.uppercased() }
}
