import BinaryIO
import BlockFormats
import GGUF
import SystemPackage
import Tensors
import Work

/// Makes several quantized models from one source in one pass.
///
/// The work is cut into slabs of whole rows. Any thread takes the next slab, decodes it once, encodes it to each type
/// that some output wants, and writes the bytes where the layouts say. So all cores stay busy across tensors, reading
/// and writing overlap with work, memory is bounded by the slabs, and the bytes do not depend on the thread count.
public struct Quantizer: Sendable {
    /// What one output is: a plan and where to write it.
    public struct Output: Sendable {
        /// What it is.
        public let plan: QuantizationPlan
        /// Where it goes; with a plan that keeps a split, where its first name comes from.
        public let path: FilePath
        /// Tensors whose bytes are there already, by their names in the output: they are copied in.
        public let prepared: [String: MappedFile]
        /// Whether what a run leaves unfinished stays beside the output, for the next run to resume.
        public let isResumable: Bool

        /// An output.
        /// - Parameter isResumable: a model in several files begins anew nevertheless.
        /// - Precondition: what is prepared has the tensors' sizes.
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

        /// The files that will be written.
        public var paths: [FilePath] { plan.paths(for: path) }
    }

    /// Told how many source bytes are done; throwing from it stops the work and leaves nothing behind that does not
    /// resume.
    public typealias Progress = ByteProgress

    /// Whether tensors of a type can be read.
    public static func canDecode(_ type: TensorType) -> Bool { BlockCodec.canDecode(type) }
    /// Whether tensors can be made of a type.
    public static func canEncode(_ type: TensorType) -> Bool { BlockCodec.canEncode(type) }

    /// Weights in a slab: large enough to make hand-outs cheap, small enough to stay in a core's cache.
    private static let slabElements = 1 << 18

    private let source: any ModelSource
    private let outputs: [Output]

    /// - Throws: `QuantizationError` when an output would overwrite the source, or lacks the importance matrix that it needs.
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
    ///   - threads: how many threads work; bytes and losses are the same for any number.
    ///   - kernels: which variant of the encoders works, with the same bytes too; nil takes the fastest that this
    ///     processor runs, or what `EDGEPIPE_KERNELS` names.
    ///   - measuresLoss: whether to decode what was encoded and compare it with the source.
    /// - Returns: for each output, what became of each of its tensors.
    /// - Throws: `FileError`, `QuantizationError`, `UnknownKernels`, or what `progress` throws. No output appears under
    ///   its name unless all outputs were completed.
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

    /// The places of tensors that lie on a grid of four bits, of those that some output would keep on it.
    /// - Throws: `QuantizationError` for an output that is to keep grids where there are none.
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

    /// All slabs of all tensors, in the order of the outputs.
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

    /// Which outputs want which type of a tensor; a type that several want is made once.
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

/// What became of a tensor.
public struct TensorOutcome: Sendable, Equatable {
    /// What it lost; nil where it was copied or not measured.
    public let loss: QuantizationLoss?
    /// Whether it lies on a grid of four bits and keeps it; nil where nobody asked.
    public let keepsGrid: Bool?
}

extension PlannedTensor {
    fileprivate func finish(isOnGrid: Bool) -> BlockFinish {
        if isRefined { return .refined }
        return mayTakeLattice && isOnGrid ? .lattice : .none
    }
}
