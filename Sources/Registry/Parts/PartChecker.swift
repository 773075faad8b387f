import BinaryIO

/// Reads parts that are to be relied on. Belongs to one thread.
struct PartChecker {
    private let store: ObjectStore
    private var tools: (decoder: PartDecoder, buffers: [UnsafeMutableRawBufferPointer], longest: Int)?
    /// A part may stand in a file many times.
    private var known: [SHA256Digest: Bool] = [:]

    init(store: ObjectStore) { self.store = store }

    /// Whether a part lies where its row says, and is what it says.
    /// - Throws: what says that the system does not let it be read: such a part may be whole.
    mutating func isIntact(_ part: StoredPart) throws -> Bool {
        if let answer = known[part.digest] { return answer }
        let answer = try read(part)
        known[part.digest] = answer
        return answer
    }

    private mutating func read(_ part: StoredPart) throws -> Bool {
        guard part.isPossible else { return false }
        let decoder = try tools?.decoder ?? PartDecoder()
        var buffers = tools?.buffers ?? []
        if (tools?.longest ?? 0) < part.rawBytes {
            for buffer in buffers { buffer.deallocate() }
            buffers = (0..<2).map { _ in .allocate(byteCount: part.rawBytes, alignment: 64) }
        }
        tools = (decoder, buffers, buffers[0].count)
        do {
            _ = try store.decode(part, of: part.digest, decoder, buffers)
            return true
        } catch RegistryError.damagedObject {
            return false
        }
    }

    /// Gives its memory back.
    mutating func close() {
        for buffer in tools?.buffers ?? [] { buffer.deallocate() }
        tools = nil
    }
}
