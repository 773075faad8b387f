import BinaryIO
import SystemPackage

extension GGUFHeader {
    /// The number of bytes read first: the header of most models without a large vocabulary.
    static let firstPrefix = 1 << 20
    /// The longest header that is held in memory; the longest known ones take some tens of megabytes.
    static let longestPrefix = 1 << 30

    /// Reads the header of a file that is not mapped, such as one in an archive: its beginning, then twice as much each
    /// time until the header is whole. No more of the file is read, whatever it claims.
    /// - Parameters:
    ///   - path: the path for messages.
    ///   - byteCount: the size of the whole file.
    ///   - givenCount: the number of bytes that are available; nil for all.
    ///   - read: returns the file's bytes from its start to the given offset, which is never past the end.
    /// - Throws: `GGUFError`, and the errors of `read`.
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
