import BinaryIO
import SystemPackage

extension GGUFHeader {
    /// What is read first: the header of most models without a large vocabulary.
    static let firstPrefix = 1 << 20
    /// What a header may take at most where it is held in memory; the longest known take some tens of megabytes.
    static let longestPrefix = 1 << 30

    /// Reads the header of a file that is not mapped, such as one in an archive: its beginning, and twice as much each time
    /// until the header is whole. No more of the file is asked for, whatever it claims.
    /// - Parameters:
    ///   - path: what messages name.
    ///   - byteCount: of the whole file.
    ///   - givenCount: how many bytes can be had of it; nil for all.
    ///   - read: gives the file's bytes from its start to the offset it is told, which is never past the end.
    /// - Throws: `GGUFError`, and what `read` throws.
    public init(named path: FilePath, byteCount: Int, givenCount: Int? = nil, read: (_ end: Int) throws -> [UInt8])
        throws
    {
        let limit = min(byteCount, givenCount ?? byteCount)
        var end = min(limit, Self.firstPrefix)
        while true {
            let prefix = try read(end)
            precondition(prefix.count == end, "the bytes that were asked for, neither more nor less")
            let header = Result {
                try prefix.withUnsafeBytes { try GGUFHeader(reading: $0, fileByteCount: byteCount) }
            }
            guard case .failure(let error as ReadError) = header, case .notGiven(let needed) = error.problem else {
                self = try GGUFError.naming(path) { try header.get() }
                return
            }
            guard needed <= Self.longestPrefix, needed <= limit else {
                let longest = min(limit, Self.longestPrefix)
                throw GGUFError(path: path, problem: .longHeader(limit: longest), offset: error.offset)
            }
            end = min(limit, max(2 * end, needed))
        }
    }
}
