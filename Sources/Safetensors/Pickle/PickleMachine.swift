/// Reads a pickle as far as a state dictionary of PyTorch needs, without calling anything: only the names that rebuild
/// tensors are known, and their result is returned as a value.
///
/// Source: CPython's `pickletools`, and PyTorch's `torch/_utils.py` and `torch/serialization.py`.
struct PickleMachine {
    /// A value on the stack.
    indirect enum Value {
        case none
        case bool(Bool)
        case integer(Int)
        case text(String)
        case tuple([Value])
        case dictionary(Reference)
        case name(String)
        /// The numbers of a file in the archive.
        case storage(type: String, key: String)
        case tensor(type: String, key: String, offset: Int, shape: [Int], strides: [Int])
    }

    /// A dictionary, which is filled after it was stored somewhere.
    final class Reference {
        var pairs: [(key: Value, value: Value)] = []
    }

    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    private var stack: [Value] = []
    private var marks: [Int] = []
    private var memo: [Int: Value] = [:]

    private static let ordered = "collections OrderedDict"
    private static let tensors: Set = ["torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"]

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Returns the value of a pickle.
    /// - Throws: `SafetensorsProblem.unreadablePickle` for any other opcode or name, with its place.
    static func value(of bytes: UnsafeRawBufferPointer) throws -> Value {
        var machine = PickleMachine(bytes)
        return try machine.run()
    }

    private func problem(_ reason: String) -> SafetensorsProblem {
        .unreadablePickle("\(reason) at byte \(place) of data.pkl")
    }

    private mutating func run() throws -> Value {
        while true {
            let code: UInt8 = try number()
            switch code {
            case 0x80: let _: UInt8 = try number()  // PROTO
            case UInt8(ascii: "."): return try pop()
            case UInt8(ascii: "("): marks.append(stack.count)
            case UInt8(ascii: "}"): stack.append(.dictionary(Reference()))
            case UInt8(ascii: ")"): stack.append(.tuple([]))
            case UInt8(ascii: "t"): stack.append(.tuple(try popMark()))
            case 0x85, 0x86, 0x87: stack.append(.tuple(try pop(Int(code) - 0x84)))
            case UInt8(ascii: "N"): stack.append(.none)
            case 0x88, 0x89: stack.append(.bool(code == 0x88))
            case UInt8(ascii: "K"): stack.append(.integer(Int(try number() as UInt8)))
            case UInt8(ascii: "M"): stack.append(.integer(Int(try number() as UInt16)))
            case UInt8(ascii: "J"): stack.append(.integer(Int(try number() as Int32)))
            case 0x8a: stack.append(.integer(try long()))
            case UInt8(ascii: "X"): stack.append(.text(try text(Int(try number() as UInt32))))
            case UInt8(ascii: "c"): stack.append(.name(try known("\(try line()) \(try line())")))
            case UInt8(ascii: "q"): try remember(Int(try number() as UInt8))
            case UInt8(ascii: "r"): try remember(Int(try number() as UInt32))
            case UInt8(ascii: "h"): stack.append(try remembered(Int(try number() as UInt8)))
            case UInt8(ascii: "j"): stack.append(try remembered(Int(try number() as UInt32)))
            case UInt8(ascii: "Q"): stack.append(try storage(try pop()))
            case UInt8(ascii: "R"): try rebuild()
            case UInt8(ascii: "s"): try fill(try pop(2))
            case UInt8(ascii: "u"): try fill(try popMark())
            // The attributes that an ordered dictionary carries beside its pairs.
            case UInt8(ascii: "b"): _ = try pop()
            default: throw problem("the operation \(code), which no dictionary of tensors needs,")
            }
        }
    }

    /// Accepts the names of classes for numbers, and the functions above; any other may run code.
    private func known(_ name: String) throws -> String {
        let parts = name.split(separator: " ")
        let isStorage = parts.count == 2 && parts[0] == "torch" && parts[1].hasSuffix("Storage")
        guard isStorage || name == Self.ordered || Self.tensors.contains(name) else {
            throw problem("the name '\(name)', which may run code,")
        }
        return name
    }

    private func storage(_ value: Value) throws -> Value {
        guard case .tuple(let parts) = value, parts.count == 5, case .text("storage") = parts[0],
            case .name(let type) = parts[1], case .text(let key) = parts[2]
        else { throw problem("no storage") }
        return .storage(type: String(type.dropFirst("torch ".count)), key: key)
    }

    private mutating func rebuild() throws {
        guard case .tuple(let arguments) = try pop(), case .name(let name) = try pop() else { throw problem("no call") }
        switch name {
        case Self.ordered where arguments.isEmpty: stack.append(.dictionary(Reference()))
        case "torch._utils _rebuild_parameter":
            guard let tensor = arguments.first, case .tensor = tensor else { throw problem("no tensor") }
            stack.append(tensor)
        case "torch._utils _rebuild_tensor_v2":
            guard arguments.count >= 4, case .storage(let type, let key) = arguments[0],
                case .integer(let offset) = arguments[1], let shape = Self.integers(arguments[2]),
                let strides = Self.integers(arguments[3]), shape.count == strides.count
            else { throw problem("no tensor") }
            stack.append(.tensor(type: type, key: key, offset: offset, shape: shape, strides: strides))
        default: throw problem("a call of '\(name)'")
        }
    }

    private static func integers(_ value: Value) -> [Int]? {
        guard case .tuple(let values) = value else { return nil }
        let integers = values.compactMap { value -> Int? in if case .integer(let number) = value { number } else { nil }
        }
        return integers.count == values.count ? integers : nil
    }

    private mutating func fill(_ items: [Value]) throws {
        guard case .dictionary(let dictionary)? = stack.last, items.count.isMultiple(of: 2) else {
            throw problem("no dictionary")
        }
        for index in stride(from: 0, to: items.count, by: 2) {
            dictionary.pairs.append((items[index], items[index + 1]))
        }
    }

    private mutating func pop() throws -> Value {
        guard let value = stack.popLast() else { throw problem("an empty stack") }
        return value
    }

    private mutating func pop(_ count: Int) throws -> [Value] {
        guard stack.count >= count else { throw problem("an empty stack") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popMark() throws -> [Value] {
        guard let mark = marks.popLast(), mark <= stack.count else { throw problem("no mark") }
        return try pop(stack.count - mark)
    }

    private mutating func remember(_ index: Int) throws {
        guard let value = stack.last else { throw problem("an empty stack") }
        memo[index] = value
    }

    private func remembered(_ index: Int) throws -> Value {
        guard let value = memo[index] else { throw problem("nothing remembered as \(index)") }
        return value
    }

    private mutating func number<Number: FixedWidthInteger>() throws -> Number {
        guard bytes.count - place >= MemoryLayout<Number>.size else { throw problem("the end, too early,") }
        defer { place += MemoryLayout<Number>.size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    private mutating func long() throws -> Int {
        let count = Int(try number() as UInt8)
        guard count <= 8 else { throw problem("a number of \(count) bytes") }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(try number() as UInt8) << UInt64(8 * index) }
        let unused = UInt64(64 - 8 * count)
        return count == 0 ? 0 : Int(Int64(bitPattern: value << unused) >> Int64(unused))
    }

    private mutating func text(_ count: Int) throws -> String {
        guard bytes.count - place >= count else { throw problem("the end, too early,") }
        defer { place += count }
        return String(decoding: bytes[place..<(place + count)], as: UTF8.self)
    }

    private mutating func line() throws -> String {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw problem("a name without an end")
        }
        defer { place = end + 1 }
        return String(decoding: bytes[place..<end], as: UTF8.self)
    }
}
