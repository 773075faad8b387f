/// Finds the number of a byte string, given as a slice of a larger buffer, without copying the slice.
///
/// A `Dictionary` with `[UInt8]` keys would need one allocation per question, and a tokenizer asks millions; one with
/// `String` keys would treat canonically equivalent texts as the same token.
struct ByteStringTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// Entry number plus one, or zero for a free slot. The count of slots is a power of two, at most half of them used.
    private var slots: [Int32] = Array(repeating: 0, count: 64)

    /// How many byte strings the table holds.
    var count: Int { ends.count - 1 }

    /// The number of `key`, in the order of insertion, or nil.
    func index(of key: UnsafeBufferPointer<UInt8>) -> Int32? {
        let slot = slot(of: key)
        return slots[slot] == 0 ? nil : slots[slot] - 1
    }

    /// The number of `key`, adding it when it is new.
    mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> (index: Int32, isNew: Bool) {
        let found = slot(of: key)
        if slots[found] != 0 { return (slots[found] - 1, false) }
        let index = Int32(count)
        slots[found] = index + 1
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

    /// The byte string with number `index`.
    subscript(index: Int32) -> ArraySlice<UInt8> {
        bytes[ends[Int(index)]..<ends[Int(index) + 1]]
    }

    /// The slot that holds `key`, or the free slot where it belongs.
    private func slot(of key: UnsafeBufferPointer<UInt8>) -> Int {
        var slot = Self.hash(UnsafeRawBufferPointer(key)) & (slots.count - 1)
        while slots[slot] != 0, !holds(key, at: slots[slot] - 1) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func holds(_ key: UnsafeBufferPointer<UInt8>, at index: Int32) -> Bool {
        let start = ends[Int(index)]
        guard ends[Int(index) + 1] - start == key.count else { return false }
        for offset in 0..<key.count where bytes[start + offset] != key[offset] { return false }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: 2 * slots.count)
        for index in 0..<count {
            let slot = self[Int32(index)].withUnsafeBufferPointer { key in self.slot(of: key) }
            slots[slot] = Int32(index) + 1
        }
    }

    /// The standard library's hash is seeded per process, so no vocabulary file can be built to make every key collide.
    private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        return hasher.finalize()
    }
}
