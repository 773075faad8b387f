import BlockFormats
import Quantization

/// The data to which the matrices of a tensor are fitted, created on demand.
struct FeedbackFits {
    private let parts: [MatrixInputs?]
    private let damping: Double
    private let kernels: Kernels
    private let threads: Int
    private var pooled: (inputs: MatrixInputs, basis: FeedbackBasis)?
    private var isPooled = false

    init(_ parts: [MatrixInputs?], damping: Double, kernels: Kernels, threads: Int) {
        (self.parts, self.damping, self.kernels, self.threads) = (parts, damping, kernels, threads)
    }

    /// Returns the fit to a matrix's own inputs; if too few tokens reached it, to those of all experts; nil if these
    /// are too few as well.
    mutating func fit(_ matrix: Int) throws -> FeedbackTensor.Fit? {
        let own = parts[matrix]
        if let own, own.suffice {
            return try basis(own).map { FeedbackTensor.Fit(basis: $0, held: own.held, isPooled: false) }
        }
        guard parts.count > 1 else { return nil }
        if !isPooled {
            isPooled = true
            if let inputs = try MatrixInputs.pooled(parts.compactMap { $0 }), inputs.suffice,
                let basis = try basis(inputs)
            {
                pooled = (inputs, basis)
            }
        }
        guard let pooled else { return nil }
        let held = own.flatMap { $0.held.tokenCount > 0 ? $0.held : nil } ?? pooled.inputs.held
        return FeedbackTensor.Fit(basis: pooled.basis, held: held, isPooled: true)
    }

    private func basis(_ inputs: MatrixInputs) throws -> FeedbackBasis? {
        try FeedbackBasis(inputs.correlation, damping: damping, kernels: kernels, threads: threads)
    }
}
