import DeviceFit

/// A request for a page.
public enum SiteRequest: Hashable, Sendable {
    /// The list of models, newest first; page numbers start at 1.
    case home(page: Int = 1)
    /// Versions, channels and builds of a model.
    case model(String)
    /// The report on a version.
    case report(model: String, version: String)
    /// One build.
    case build(model: String, version: String, type: String)
    /// The form, with the answer if the fields ask a question.
    case query(QueryFields)
    /// The list of precomputed answers. This case and the two below occur only in static sites; a server answers each
    /// query.
    case finder
    /// The answer for a system and an amount of memory for the app.
    case best(Platform, MemoryStep)
    /// The answer for a device of the catalogue.
    case bestOnDevice(String)

    /// Parses the decoded path of a URL and its parameters.
    /// - Parameters:
    ///   - path: begins with a slash; a slash at the end is ignored.
    ///   - parameters: decoded names and values; unknown names are ignored.
    /// - Returns: nil if no page has such a path.
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

    /// The components of the path.
    package var path: [String] {
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

/// An amount of memory with precomputed answers.
public struct MemoryStep: Hashable, Sendable {
    /// The amount, in tenths of a gigabyte.
    private let tenths: Int

    /// The amounts that phones give an app, smallest first.
    public static let all = [10, 15, 20, 30, 40, 60, 80, 120, 160].map(MemoryStep.init(tenths:))

    private init(tenths: Int) { self.tenths = tenths }

    /// The amount, in gigabytes.
    var gigabytes: Double { Double(tenths) / 10 }
    /// The amount, in bytes; a gigabyte is 10^9 bytes.
    var bytes: Int { tenths * 100_000_000 }
    /// The amount as it is written in addresses: `3gb`, `1.5gb`.
    public var name: String { tenths % 10 == 0 ? "\(tenths / 10)gb" : "\(tenths / 10).\(tenths % 10)gb" }
    /// The amount as a query takes it: `3GB`.
    var setting: String { name.uppercased() }
}
