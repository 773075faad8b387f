import CZstd
import Foundation

/// An error of zstd, in its own words.
package struct ZstdError: Error, Equatable, CustomStringConvertible {
    package let description: String

    /// Creates an error with these words.
    package init(description: String) { self.description = description }

    /// Returns the result of a zstd call, or throws its error.
    package static func check(_ result: Int) throws -> Int {
        guard ZSTD_isError(result) == 0 else {
            throw ZstdError(description: String(cString: ZSTD_getErrorName(result)))
        }
        return result
    }
}

/// Compresses bytes that arrive piece by piece into one zstd frame. Memory is bounded by the level, never by the input.
package final class ZstdCompressor {
    private let context: OpaquePointer
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)

    /// - Parameter byteCount: the size of the whole input; the frame records it, and another length is an error at the
    ///   end.
    package init(level: Int32, byteCount: Int) throws {
        guard let context = ZSTD_createCCtx() else { throw ZstdError(description: "no memory for a compressor") }
        self.context = context
        _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
        _ = try ZstdError.check(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(byteCount)))
        // If the library has threads, at least one worker compresses while the caller hashes; the frame is the same for
        // every number of workers of at least one. Each takes a few megabytes, so there are few.
        let most = ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound
        if most >= 1 {
            let workers = min(most, 4, Int32(max(1, ProcessInfo.processInfo.activeProcessorCount)))
            _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, workers))
        }
    }

    deinit {
        ZSTD_freeCCtx(context)
        output.deallocate()
    }

    package func write(_ bytes: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while input.pos < input.size { _ = try step(&input, ZSTD_e_continue, emit) }
    }

    package func finish(emit: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&input, ZSTD_e_end, emit) != 0 {}
    }

    private func step(
        _ input: inout ZSTD_inBuffer,
        _ directive: ZSTD_EndDirective,
        _ emit: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = try ZstdError.check(ZSTD_compressStream2(context, &target, &input, directive))
        if target.pos > 0 { try emit(UnsafeRawBufferPointer(rebasing: output[..<target.pos])) }
        return left
    }
}

/// Decompresses exactly one zstd frame that arrives piece by piece.
package final class ZstdDecompressor {
    /// The largest accepted window, 2^27 bytes: a frame cannot make the reader use more memory than that.
    package static let largestWindowLog: Int32 = 27

    private let context: OpaquePointer
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 64)
    private var hasEnded = false

    package init() throws {
        guard let context = ZSTD_createDCtx() else { throw ZstdError(description: "no memory for a decompressor") }
        self.context = context
        _ = try ZstdError.check(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindowLog))
    }

    deinit {
        ZSTD_freeDCtx(context)
        output.deallocate()
    }

    package func write(_ bytes: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var outputWasFull = false
        while input.pos < input.size || outputWasFull {
            guard !hasEnded else { throw ZstdError(description: "bytes follow the end of the compressed data") }
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let hint = try ZstdError.check(ZSTD_decompressStream(context, &target, &input))
            if target.pos > 0 { try emit(UnsafeRawBufferPointer(rebasing: output[..<target.pos])) }
            hasEnded = hint == 0
            outputWasFull = target.pos == target.size && !hasEnded
        }
    }

    /// - Throws: `ZstdError` if the frame is not complete.
    package func finish() throws {
        guard hasEnded else { throw ZstdError(description: "the compressed data ends too early") }
    }
}
