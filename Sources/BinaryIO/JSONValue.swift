/// A JSON document as it stands: keys keep their order, and a key that stands twice is an error.
///
/// Foundation's reader loses both, and a model's tensor order and safety hang on them.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number as it is written, since some are 64-bit whole numbers and some are not.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in order.
public struct JSONObject: Equatable, Sendable {
    /// The members in the order of the document.
    public private(set) var members: [(key: String, value: JSONValue)] = []
    private var indices: [[UInt8]: Int] = [:]

    /// An object without members.
    public init() {}

    /// The member's value, or nil where the object has no such key. Keys are compared byte by byte.
    public subscript(key: String) -> JSONValue? { indices[Array(key.utf8)].map { members[$0].value } }

    /// - Returns: whether the key is new.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        // Bytes, not text, are compared: two spellings of an accent are two keys.
        guard indices.updateValue(members.count, forKey: Array(key.utf8)) == nil else { return false }
        members.append((key, value))
        return true
    }

    /// Whether both have the same members in the same order.
    public static func == (first: JSONObject, second: JSONObject) -> Bool {
        first.members.elementsEqual(second.members) { $0 == $1 }
    }
}

extension JSONValue {
    /// An object's member, or nil where this is no object or has no such key.
    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The object, where it is one.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The elements, where it is an array.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The text, where it is a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The flag, where it is a boolean.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The number, where it is a whole one.
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    /// The number in double precision, where it is one.
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }
}

/// Why text is not JSON: the byte offset and the reason.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Byte offset from the start of the text.
    public let offset: Int
    /// What is wrong there.
    public let reason: String

    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// The offset and the reason.
    public var description: String { "at byte \(offset): \(reason)" }
}
