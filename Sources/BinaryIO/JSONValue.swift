/// A JSON document: objects keep the order of their keys, and a repeated key is an error.
///
/// Foundation's reader does neither; the order of a model's tensors depends on the first, and its safety on the second.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number as it is written, because some are 64-bit integers and some are not.
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

    /// Creates an object without members.
    public init() {}

    /// The member's value; nil if the object has no such key. Keys are compared byte by byte.
    public subscript(key: String) -> JSONValue? { indices[Array(key.utf8)].map { members[$0].value } }

    /// - Returns: whether the key is new.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        // Compares bytes instead of text: two encodings of an accented letter are two keys.
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
    /// An object's member; nil if this is not an object or has no such key.
    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The object; nil for another value.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The elements of an array; nil for another value.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The text of a string; nil for another value.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The boolean; nil for another value.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The integer; nil for another value, or a number that is not an Int.
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    /// The number in double precision; nil for another value.
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }
}

/// An error in JSON text: the byte offset and the reason.
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
