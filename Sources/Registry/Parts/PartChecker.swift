import BinaryIO

/// Verifies stored parts before they are reused. Belongs to one thread.
struct PartChecker {
    private let store: ObjectStore
    private var tools: (decoder: PartDecoder, buffers: [UnsafeMutableRawBufferPointer], longest: Int)?
    /// The results so far, because a part may occur in a file many times.
    private var known: [SHA256Digest: Bool] = [:]

    init(store: ObjectStore) { self.store = store }

    /// Whether the bytes of a part are at the place its row gives and have its digest.
    /// - Throws: an error if the system cannot read the part, which may then still be intact.
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

    /// Frees its memory.
    mutating func close() {
        for buffer in tools?.buffers ?? [] { buffer.deallocate() }
        tools = nil
    }
}
