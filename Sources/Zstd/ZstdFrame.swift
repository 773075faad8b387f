import CZstd

/// One zstd frame in memory, with a known length before compression.
package enum ZstdFrame {
    /// The longest window of a frame, whatever the level, because a phone that decodes piece by piece holds one window.
    package static let windowLog: Int32 = 23

    /// Returns the largest size of a frame for so many bytes.
    package static func bound(_ byteCount: Int) -> Int { ZSTD_compressBound(byteCount) }

    /// - Parameter prefix: bytes that the decoder also has; repetitions of them take next to nothing.
    /// - Throws: `ZstdError`.
    package static func compress(
        _ bytes: UnsafeRawBufferPointer,
        level: Int32,
        prefix: UnsafeRawBufferPointer? = nil
    ) throws -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { throw ZstdError(description: "no memory for a compressor") }
        defer { ZSTD_freeCCtx(context) }
        _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
        _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog))
        if let prefix { _ = try ZstdError.check(ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)) }
        let most = bound(bytes.count)
        var failure: (any Error)?
        let frame = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            do {
                count = try ZstdError.check(
                    ZSTD_compress2(context, buffer.baseAddress, most, bytes.baseAddress, bytes.count)
                )
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return frame
    }

    /// Decodes exactly one frame to exactly the number of bytes in `output`.
    /// - Throws: `ZstdError` for anything else.
    package static func decompress(
        _ frame: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        prefix: UnsafeRawBufferPointer? = nil
    ) throws {
        // The length that a frame claims is checked before anything is decoded.
        guard ZSTD_getFrameContentSize(frame.baseAddress, frame.count) == UInt64(output.count) else {
            throw ZstdError(description: "the frame is not of \(output.count) bytes")
        }
        guard try ZstdError.check(ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)) == frame.count else {
            throw ZstdError(description: "bytes follow the end of the compressed data")
        }
        guard let context = ZSTD_createDCtx() else { throw ZstdError(description: "no memory for a decompressor") }
        defer { ZSTD_freeDCtx(context) }
        if let prefix { _ = try ZstdError.check(ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count)) }
        let count = try ZstdError.check(
            ZSTD_decompressDCtx(context, output.baseAddress, output.count, frame.baseAddress, frame.count)
        )
        guard count == output.count else { throw ZstdError(description: "the compressed data ends too early") }
    }
}
