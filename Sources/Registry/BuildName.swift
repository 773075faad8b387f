import BinaryIO

/// The full name of a build: `model@version:type`, for example `phi3@1.0.0:q4_k_m`.
public struct BuildName: Hashable, Sendable, CustomStringConvertible {
    /// Lowercase letters, digits, dots, underscores and hyphens.
    public let model: String
    /// The version of the model.
    public let version: ModelVersion
    /// The quantization type in lowercase, as llama.cpp names it.
    public let type: String

    /// - Throws: `RegistryError.invalidName` if the model or the type breaks the grammar of names.
    public init(model: String, version: ModelVersion, type: String) throws(RegistryError) {
        try NameGrammar.check(model, of: "model")
        try NameGrammar.check(type, of: "type")
        (self.model, self.version, self.type) = (model, version, type)
    }

    /// The prefix of every projector's type, as in `mmproj-f16`.
    public static let projectorPrefix = "mmproj-"

    /// Whether the file is a projector: the vision or audio part of the version's other builds, and not a model by
    /// itself.
    public var isProjector: Bool { type.hasPrefix(Self.projectorPrefix) }

    /// Parses a full name. For a name that omits the version or the type, use `BuildReference`.
    public init(_ text: String) throws(RegistryError) {
        let reference = try BuildReference(text)
        guard case .version(let version) = reference.selector, let type = reference.type else {
            throw .invalidName(text, of: "build", rule: "the full name, model@version:type")
        }
        try self.init(model: reference.model, version: version, type: type)
    }

    /// `model@version:type`
    public var description: String { "\(model)@\(version):\(type)" }
}

extension BuildName: Codable {
    /// Reads the name from its text.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the name as its text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A reference to a build as a person types it: `name[@version][:type]`, or `name@channel[:type]`.
///
/// A version begins with a digit and a channel with a letter, so the two cannot be confused.
public struct BuildReference: Hashable, Sendable, CustomStringConvertible {
    /// Which version is meant.
    public enum Selector: Hashable, Sendable {
        /// The newest release, or the newest pre-release if nothing has been released yet.
        case newest
        case version(ModelVersion)
        case channel(String)
    }

    /// The model's name.
    public let model: String
    /// Which of the model's versions is meant.
    public let selector: Selector
    /// The type; nil leaves it open, which is unambiguous if the version has only one.
    public let type: String?

    /// - Throws: `RegistryError.invalidName`.
    public init(_ text: String) throws(RegistryError) {
        var rest = text[...]
        var type: String?
        if let colon = rest.lastIndex(of: ":") {
            let named = rest[rest.index(after: colon)...].lowercased()
            try NameGrammar.check(named, of: "type")
            type = named
            rest = rest[..<colon]
        }
        var selector = Selector.newest
        if let at = rest.lastIndex(of: "@") {
            let named = String(rest[rest.index(after: at)...])
            if named.first?.isNumber ?? true {
                selector = .version(try ModelVersion(parsing: named))
            } else {
                try NameGrammar.check(named, of: "channel")
                selector = .channel(named)
            }
            rest = rest[..<at]
        }
        try NameGrammar.check(String(rest), of: "model")
        (self.model, self.selector, self.type) = (String(rest), selector, type)
    }

    /// Makes the reference that means exactly this build.
    public init(_ name: BuildName) {
        (model, selector, type) = (name.model, .version(name.version), name.type)
    }

    /// The reference as a person types it: `model[@version|@channel][:type]`.
    public var description: String {
        let version =
            switch selector {
            case .newest: ""
            case .version(let version): "@\(version)"
            case .channel(let channel): "@\(channel)"
            }
        return model + version + (type.map { ":" + $0 } ?? "")
    }
}
