import BinaryIO
import BlockFormats
import GGUF
import SystemPackage
import Tensors
import Work

/// Makes several quantized models from one source in one pass.
///
/// The work is divided into slabs of whole rows. Any thread takes the next slab, decodes it once, encodes it to each
/// type that an output needs, and writes the bytes to the places in the layouts. So all cores stay busy across tensors,
/// reading and writing overlap with computation, memory is bounded by the slabs, and the bytes do not depend on the
/// number of threads.
public struct Quantizer: Sendable {
    /// One output: a plan and its destination.
    public struct Output: Sendable {
        /// The plan.
        public let plan: QuantizationPlan
        /// The destination; for a plan that keeps a split, the path from which the file names are derived.
        public let path: FilePath
        /// Tensors with existing bytes, by their names in the output; the bytes are copied in.
        public let prepared: [String: MappedFile]
        /// Whether an unfinished output stays on disk for the next run to resume.
        public let isResumable: Bool

        /// Creates an output.
        /// - Parameter isResumable: ignored for a model in several files, which starts over.
        /// - Precondition: the prepared bytes have the tensors' sizes.
        public init(
            plan: QuantizationPlan,
            path: FilePath,
            prepared: [String: MappedFile] = [:],
            isResumable: Bool = false
        ) {
            self.plan = plan
            self.path = path
            self.prepared = prepared
            self.isResumable = isResumable && plan.layouts.count == 1
        }

        /// The files to be written.
        public var paths: [FilePath] { plan.paths(for: path) }
    }

    /// Called with the number of processed source bytes; throwing from it stops the work and leaves only files that can
    /// be resumed.
    public typealias Progress = ByteProgress

    /// Whether tensors of a type can be read.
    public static func canDecode(_ type: TensorType) -> Bool { BlockCodec.canDecode(type) }
    /// Whether tensors of a type can be made.
    public static func canEncode(_ type: TensorType) -> Bool { BlockCodec.canEncode(type) }

    /// The number of weights in a slab: large enough to make scheduling cheap, small enough to stay in a core's cache.
    private static let slabElements = 1 << 18

    private let source: any ModelSource
    private let outputs: [Output]

    /// - Throws: `QuantizationError` if an output would overwrite the source, or lacks the importance matrix that it
    ///   needs.
    public init(source: any ModelSource, outputs: [Output]) throws {
        let inputs = source.inputs.compactMap(fileIdentity)
        for output in outputs {
            if let obstacle = output.plan.obstacle { throw obstacle }
            for path in output.paths {
                guard let identity = fileIdentity(path), inputs.contains(identity) else { continue }
                throw QuantizationError(path: path, problem: .outputIsInput)
            }
        }
        self.source = source
        self.outputs = outputs
    }

    /// - Parameters:
    ///   - threads: the number of threads; bytes and losses are the same for any number.
    ///   - kernels: the variant of the encoders, which does not change the bytes; nil for the fastest that this
    ///     processor supports, or the one named by `EDGEPIPE_KERNELS`.
    ///   - measuresLoss: whether to decode the encoded weights and compare them with the source.
    /// - Returns: for each output, the outcome of each of its tensors.
    /// - Throws: `FileError`, `QuantizationError`, `UnknownKernels`, or the errors of `progress`. No output appears
    ///   under its name unless all outputs were completed.
    @discardableResult
    public func run(
        threads: Int,
        kernels: Kernels? = nil,
        measuresLoss: Bool = false,
        progress: @escaping Progress = { _, _ in }
    ) throws -> [[TensorOutcome]] {
        let kernels = try kernels ?? Kernels.selected()
        let onGrid = try tensorsOnGrid(threads: threads)
        var writers: [GGUFModelWriter] = []
        defer { for writer in writers { writer.discard() } }
        let journals = try outputs.map { try $0.isResumable ? QuantizationJournal($0.path, $0.plan.layouts[0]) : nil }
        for (output, journal) in zip(outputs, journals) {
            let files = Array(zip(output.paths, output.plan.layouts))
            writers.append(try GGUFModelWriter(files, partial: journal?.partial))
        }
        let slabs = makeSlabs(onGrid, journals)
        let rest = SlabCountdown(slabs)
        let ledger = LossLedger(slabs, isOpen: measuresLoss)
        do {
            try SlabWork.run(
                slabs,
                threads: threads,
                totalBytes: slabs.reduce(0) { $0 + $1.byteCount },
                progress: progress,
                makeWorker: { [writers] in
                    SlabWorker(reader: source.makeReader(), writers: writers, kernels: kernels, ledger: ledger)
                },
                process: { worker, slab in
                    let bytes = try worker.process(slab)
                    if rest.isLast(slab) { for journal in journals { try journal?.note(slab.index) } }
                    return bytes
                }
            )
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: source.path, problem: problem)
        }
        try GGUFModelWriter.commit(writers)
        for journal in journals { journal?.remove() }
        return outputs.indices.map { output in
            let tensors = outputs[output].plan.tensors
            let losses = ledger.losses(ofOutput: output, tensorCount: tensors.count)
            return tensors.indices.map { index in
                let keepsGrid = tensors[index].mayTakeLattice ? onGrid.contains(index) : nil
                return TensorOutcome(loss: losses[index], keepsGrid: keepsGrid)
            }
        }
    }

    /// Returns the indices of tensors that lie on a grid of four bits, among those that some output would keep on it.
    /// - Throws: `QuantizationError` for an output that must keep grids if there are none.
    private func tensorsOnGrid(threads: Int) throws -> Set<Int> {
        let candidates = outputs.map { output in
            output.plan.tensors.indices.filter { output.plan.tensors[$0].mayTakeLattice }
        }
        guard let tensors = outputs.first?.plan.tensors else { return [] }
        let onGrid = try LatticeSurvey(source).tensorsOnGrid(
            Set(candidates.joined()).sorted().map { ($0, tensors[$0].source) },
            threads: threads
        )
        for (output, places) in zip(outputs, candidates) where !places.isEmpty && onGrid.isDisjoint(with: places) {
            if output.plan.tensors[places[0]].rounding == .lattice {
                throw QuantizationError(path: source.path, problem: .noLattice)
            }
        }
        return onGrid
    }

    /// Returns all slabs of all tensors, in output order.
    private func makeSlabs(_ onGrid: Set<Int>, _ journals: [QuantizationJournal?]) -> [Slab] {
        guard let first = outputs.first else { return [] }
        var slabs: [Slab] = []
        // Every plan lists the same tensors in the same order.
        for (index, planned) in first.plan.tensors.enumerated() {
            let targets = targets(ofTensor: index, isOnGrid: onGrid.contains(index), journals)
            for rows in SlabWork.rowRanges(of: planned.source.shape, elements: Self.slabElements) {
                slabs.append(
                    Slab(number: slabs.count, tensor: planned.source, index: index, rows: rows, targets: targets)
                )
            }
        }
        return slabs
    }

    /// Returns the types of a tensor with the outputs that need them; a type needed by several is made once.
    private func targets(
        ofTensor index: Int,
        isOnGrid: Bool,
        _ journals: [QuantizationJournal?]
    ) -> [Slab.Target] {
        var targets: [Slab.Target] = []
        for (output, plan) in outputs.map(\.plan).enumerated() {
            let tensor = plan.tensors[index]
            let type = tensor.target.type
            let finish = tensor.finish(isOnGrid: isOnGrid)
            let prepared =
                journals[output]?.whole[index]
                ?? outputs[output].prepared[tensor.target.name].map { PreparedTensor(file: $0, offset: 0) }
            let known = targets.firstIndex {
                $0.type == type && $0.importance == tensor.importance && $0.finish == finish && $0.prepared == prepared
            }
            if let known {
                targets[known].outputs.append(output)
            } else {
                targets.append(
                    Slab.Target(
                        type: type,
                        importance: tensor.importance,
                        finish: finish,
                        prepared: prepared,
                        outputs: [output]
                    )
                )
            }
        }
        return targets
    }
}

/// The outcome of a tensor.
public struct TensorOutcome: Sendable, Equatable {
    /// The loss; nil if the tensor was copied or not measured.
    public let loss: QuantizationLoss?
    /// Whether the tensor lies on a grid of four bits and keeps it; nil if this was not checked.
    public let keepsGrid: Bool?
}

extension PlannedTensor {
    fileprivate func finish(isOnGrid: Bool) -> BlockFinish {
        if isRefined { return .refined }
        return mayTakeLattice && isOnGrid ? .lattice : .none
    }
}
