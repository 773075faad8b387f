extension SeededRandom {
    /// Numbers that length and offset checks tend to get wrong.
    private static let awkward: [UInt64] = [
        0, 1, 7, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63, ~0 - 7, ~0,
    ]

    /// A damaged copy of a file: one to four flipped bits, overwritten numbers, and pieces cut out, repeated or moved.
    public mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<8, using: &self) {
            case 0...2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 3: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 4: overwrite(&bytes, at: place)
            case 5: bytes.removeSubrange(place..<min(bytes.count, place + length()))
            case 6: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + length())], at: place)
            default: bytes.insert(contentsOf: bytes.suffix(length()), at: place)
            }
        }
        return bytes
    }

    private mutating func length() -> Int { 1 << Int.random(in: 0..<7, using: &self) }

    private mutating func overwrite(_ bytes: inout [UInt8], at place: Int) {
        let number = Self.awkward.randomElement(using: &self) ?? 0
        let width = [4, 8].randomElement(using: &self) ?? 8
        for index in 0..<width where place + index < bytes.count {
            bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
        }
    }
}
