import CKernels

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The innermost loops of quantization and inference, in the best variant that this processor supports.
///
/// Encoders, decoders and coded products give the same bytes in every variant. Single-precision products differ by
/// rounding, so a measurement is stored with the name of its variant: it is comparable to the last digit only with
/// others of the same variant.
public enum Kernels: String, Sendable, CaseIterable {
    case avx512vnni
    case avx512
    case avx2
    case neon
    /// C code for the compiler's baseline.
    case scalar
    /// The definition, in Swift.
    case swift

    /// The variants that this build and processor support, the fastest first.
    public static let available = allCases.filter(\.isSupported)

    /// The fastest variant; the Swift definition is always available, so there is always one.
    public static let fastest = available[0]

    /// Returns the fastest variant, or the one named by the environment variable `EDGEPIPE_KERNELS`.
    /// - Throws: `UnknownKernels` if it names one that cannot run here.
    public static func selected() throws(UnknownKernels) -> Kernels {
        guard let wanted = getenv("EDGEPIPE_KERNELS").map({ String(cString: $0) }), !wanted.isEmpty else {
            return fastest
        }
        guard let kernels = Kernels(rawValue: wanted), kernels.isSupported else {
            throw UnknownKernels(name: wanted)
        }
        return kernels
    }

    private var isSupported: Bool { variant.map { ek_is_supported($0) } ?? true }

    /// The C variant; nil for Swift.
    package var variant: ek_variant? {
        switch self {
        case .avx512vnni: EK_AVX512_VNNI
        case .avx512: EK_AVX512
        case .avx2: EK_AVX2
        case .neon: EK_NEON
        case .scalar: EK_SCALAR
        case .swift: nil
        }
    }
}

/// An error: the environment requests a variant that this machine does not support.
public struct UnknownKernels: Error, CustomStringConvertible, Sendable {
    /// The variant that the environment names.
    public let name: String

    /// The name, the available variants, and what to do.
    public var description: String {
        let available = Kernels.available.map(\.rawValue).joined(separator: ", ")
        return "EDGEPIPE_KERNELS asks for '\(name)'; this machine has \(available). Unset it or name one of these."
    }
}
