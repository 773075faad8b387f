/// A map from byte strings to numbers that takes a slice of a larger buffer as the key without copying it.
///
/// A `Dictionary` with `[UInt8]` keys would allocate memory for each of a tokenizer's millions of lookups; one with
/// `String` keys would treat canonically equivalent texts as the same token.
struct ByteStringTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// Each slot has the upper half of the key's hash, and its number plus one; zero is a free slot. The number of
    /// slots is a power of two, and at most half of them are used.
    private var slots: [UInt64] = Array(repeating: 0, count: 64)

    /// The number of byte strings in the table.
    var count: Int { ends.count - 1 }

    /// The number of `key`, in the order of insertion; nil if it is missing.
    func index(of key: UnsafeBufferPointer<UInt8>) -> Int32? {
        let entry = slots[slot(of: key, ByteHash.hash(key))]
        return entry == 0 ? nil : Self.index(entry)
    }

    /// The number of `key`, which is added if it is new.
    mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> (index: Int32, isNew: Bool) {
        let hash = ByteHash.hash(key)
        let slot = slot(of: key, hash)
        if slots[slot] != 0 { return (Self.index(slots[slot]), false) }
        let index = Int32(count)
        slots[slot] = Self.entry(hash, index)
        bytes.append(contentsOf: key)
        ends.append(bytes.count)
        if 2 * count > slots.count { grow() }
        return (index, true)
    }

    mutating func insert(_ key: some Sequence<UInt8>) -> (index: Int32, isNew: Bool) {
        Array(key).withUnsafeBufferPointer { insert($0) }
    }

    func index(of key: some Sequence<UInt8>) -> Int32? {
        Array(key).withUnsafeBufferPointer { index(of: $0) }
    }

    /// The token for a single byte in SentencePiece's notation: `<0x0A>`.
    func index(ofByte byte: UInt8) -> Int32? {
        let digits = String(byte, radix: 16, uppercase: true)
        return index(of: "<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }

    /// The byte string with number `index`.
    subscript(index: Int32) -> ArraySlice<UInt8> {
        bytes[ends[Int(index)]..<ends[Int(index) + 1]]
    }

    private static func index(_ entry: UInt64) -> Int32 { Int32(truncatingIfNeeded: entry) - 1 }

    private static func entry(_ hash: UInt64, _ index: Int32) -> UInt64 { (hash >> 32) << 32 | UInt64(index + 1) }

    /// The slot of `key`, or the free slot where it belongs.
    private func slot(of key: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0, slots[slot] >> 32 != hash >> 32 || !holds(key, at: Self.index(slots[slot])) {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func holds(_ key: UnsafeBufferPointer<UInt8>, at index: Int32) -> Bool {
        let start = ends[Int(index)]
        guard ends[Int(index) + 1] - start == key.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for offset in 0..<key.count where bytes[start + offset] != key[offset] { return false }
            return true
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: 2 * slots.count)
        for index in 0..<Int32(count) {
            self[index].withUnsafeBufferPointer { key in
                let hash = ByteHash.hash(key)
                slots[slot(of: key, hash)] = Self.entry(hash, index)
            }
        }
    }
}

/// A hash of a few bytes, faster than the standard library's. It is seeded per process like that one, so that no
/// vocabulary file and no text can be crafted to make all keys collide.
enum ByteHash {
    private static let seed = UInt64.random(in: 0 ... .max)

    static func hash(_ key: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(key)
        var hash = seed ^ UInt64(key.count)
        var offset = 0
        while offset + 8 <= raw.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest << 8 | UInt64(raw[offset])
            offset += 1
        }
        return mix(hash ^ rest)
    }

    static func hash(_ key: UInt64) -> UInt64 { mix(seed ^ key) }

    /// Combines both halves of a product, which depend on all bits.
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return product.high ^ product.low
    }
}
