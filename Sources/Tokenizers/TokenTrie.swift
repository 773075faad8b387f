/// Finds all tokens that a text starts with.
struct TokenTrie: Sendable {
    private struct Slot {
        /// Node << 8 | byte; all bits are set for a free slot.
        var edge: UInt64 = .max
        var child: Int32 = 0
    }

    /// The slots; their number is a power of two, and at most half of them are used.
    private var slots = Array(repeating: Slot(), count: 64)
    /// The token that ends at each node; -1 for none. The root is node 0.
    private var tokens: [Int32] = [-1]

    mutating func insert(_ text: some Sequence<UInt8>, token: Int32) {
        var node: Int32 = 0
        for byte in text {
            if let child = child(of: node, byte) {
                node = child
                continue
            }
            let child = Int32(tokens.count)
            tokens.append(-1)
            slots[slot(of: node, byte)] = Slot(edge: Self.edge(node, byte), child: child)
            if 2 * tokens.count > slots.count { grow() }
            node = child
        }
        tokens[Int(node)] = token
    }

    /// The child of a node for `byte`; nil if there is none.
    func child(of node: Int32, _ byte: UInt8) -> Int32? {
        let slot = slots[slot(of: node, byte)]
        return slot.edge == .max ? nil : slot.child
    }

    func token(at node: Int32) -> Int32? { tokens[Int(node)] >= 0 ? tokens[Int(node)] : nil }

    private static func edge(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(UInt32(node)) << 8 | UInt64(byte) }

    private func slot(of node: Int32, _ byte: UInt8) -> Int {
        let (edge, mask) = (Self.edge(node, byte), slots.count - 1)
        var slot = Int(truncatingIfNeeded: ByteHash.hash(edge)) & mask
        while slots[slot].edge != .max, slots[slot].edge != edge { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: 2 * old.count)
        for entry in old where entry.edge != .max {
            slots[slot(of: Int32(entry.edge >> 8), UInt8(truncatingIfNeeded: entry.edge))] = entry
        }
    }
}
