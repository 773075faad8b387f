import BinaryIO
import BlockFormats
import GGUF
import SystemPackage
import Tensors

/// Makes several quantized files from one source in one pass.
///
/// The work is cut into slabs of whole rows. Any thread takes the next slab, decodes it once, encodes it to each type
/// that some output wants, and writes the bytes where the layouts say. So all cores stay busy across tensors, reading
/// and writing overlap with work, memory is bounded by the slabs, and the bytes do not depend on the thread count.
public struct Quantizer: Sendable {
    /// What one output is: a plan and where to write it.
    public struct Output: Sendable {
        public let plan: QuantizationPlan
        public let path: FilePath

        public init(plan: QuantizationPlan, path: FilePath) {
            self.plan = plan
            self.path = path
        }
    }

    /// Told how many source bytes are done; throwing from it stops the work and leaves nothing behind.
    public typealias Progress = @Sendable (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void

    public static func canDecode(_ type: TensorType) -> Bool { BlockCodec.canDecode(type) }
    public static func canEncode(_ type: TensorType) -> Bool { BlockCodec.canEncode(type) }

    /// Weights in a slab: large enough to make hand-outs cheap, small enough to stay in a core's cache.
    private static let slabElements = 1 << 18

    private let source: GGUFFile
    private let outputs: [Output]

    /// - Throws: `QuantizationError` when an output would overwrite the source.
    public init(source: GGUFFile, outputs: [Output]) throws {
        for output in outputs where Self.isSameFile(output.path, source.path) {
            throw QuantizationError(path: output.path, problem: .outputIsInput)
        }
        self.source = source
        self.outputs = outputs
    }

    /// - Parameters:
    ///   - threads: how many threads work; the bytes are the same for any number.
    ///   - kernels: which variant of the encoders works, with the same bytes too; nil takes the fastest that this
    ///     processor runs, or what `EDGEPIPE_KERNELS` names.
    /// - Throws: `FileError`, `QuantizationError`, `UnknownKernels`, or what `progress` throws. No output appears under its name unless
    ///   all outputs were completed.
    public func run(
        threads: Int,
        kernels: Kernels? = nil,
        progress: @escaping Progress = { _, _ in }
    ) throws {
        let kernels = try kernels ?? Kernels.selected()
        let writers = try outputs.map { try GGUFFileWriter(path: $0.path, layout: $0.plan.layout) }
        defer { for writer in writers { writer.discard() } }
        let slabs = makeSlabs()
        let total = source.tensors.reduce(0) { $0 + $1.byteCount }
        do {
            try SlabWork.run(
                slabs,
                threads: threads,
                totalBytes: total,
                progress: progress,
                makeWorker: { SlabWorker(source: source, writers: writers, kernels: kernels) },
                process: { try $0.process($1) }
            )
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: source.path, problem: problem)
        }
        for writer in writers { try writer.commit() }
    }

    /// All slabs of all tensors, in the order of the outputs.
    private func makeSlabs() -> [Slab] {
        guard let first = outputs.first else { return [] }
        // Every plan lists the same tensors in the same order.
        return first.plan.tensors.indices.flatMap { index in
            let tensor = first.plan.tensors[index].source
            let targets = targets(ofTensor: index)
            return SlabWork.rowRanges(of: tensor.shape, elements: Self.slabElements).map { rows in
                Slab(tensor: tensor, index: index, rows: rows, targets: targets)
            }
        }
    }

    /// Which outputs want which type of a tensor; a type that several want is made once.
    private func targets(ofTensor index: Int) -> [Slab.Target] {
        var targets: [Slab.Target] = []
        for (output, plan) in outputs.map(\.plan).enumerated() {
            let tensor = plan.tensors[index]
            let type = tensor.target.type
            let known = targets.firstIndex { $0.type == type && $0.importance == tensor.importance }
            if let known {
                targets[known].outputs.append(output)
            } else {
                targets.append(Slab.Target(type: type, importance: tensor.importance, outputs: [output]))
            }
        }
        return targets
    }

    private static func isSameFile(_ first: FilePath, _ second: FilePath) -> Bool {
        guard let identity = fileIdentity(first) else { return false }
        return identity == fileIdentity(second)
    }
}
