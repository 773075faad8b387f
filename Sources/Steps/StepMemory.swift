import Architectures
import BinaryIO
import Evaluation
import Foundation
import GGUF
import Inference
import Pipeline
import Registry
import SystemPackage
import Tensors

/// What steps on a model take in memory, from the model's headers alone.
///
/// Memory is what the process has for itself and the system cannot take back. Weights are read where their files are mapped: the
/// system keeps them while there is room, and they count as little as any other file that it keeps.
struct StepMemory {
    /// The program with an open registry and the catalogue of devices, in bytes.
    private static let program = 5 << 20
    /// A token or a merge of a vocabulary, in bytes: in a model's header, and in a tokenizer beside it.
    private static let (headerEntry, modelEntry) = (64, 90)
    /// Bytes that a tokenizer's JSON takes for each of its own.
    private static let jsonFactor = 3
    /// Weights of a slab, see the quantizer's.
    private static let slabWeights = 1 << 18

    /// Tokens and merges of the vocabulary.
    private let entries: Int
    private let vocabulary: Int
    private let jsonBytes: Int
    /// Of the model's tensors.
    private let rowLength: Int
    /// Weights of the largest tensor.
    private let largestTensor: Int
    /// What importance matrices and factors have a number for.
    private let columns: Int
    /// nil where the headers do not tell, and it does not run.
    private let shape: ModelShape?

    init(_ model: any ModelSource) {
        func count(_ key: String) -> Int {
            if case .array(let array)? = model.metadata["tokenizer.ggml.\(key)"] { array.count } else { 0 }
        }
        vocabulary = count("tokens")
        entries = vocabulary + count("merges")
        jsonBytes = FileStatus(model.path.appending("tokenizer.json"))?.byteCount ?? 0
        rowLength = model.tensors.map(\.shape.rowLength).max() ?? 0
        largestTensor = model.tensors.map(\.shape.elementCount).max() ?? 0
        columns = model.tensors.reduce(0) { $0 + $1.shape.rowLength * $1.matrixCount }
        shape = try? ModelShape(model.metadata)
    }

    /// A run that does nothing: the headers of the model have been read.
    var planning: Int { Self.program + entries * Self.headerEntry + jsonBytes * Self.jsonFactor }

    /// A model's header once more, beside or in place of what reading the tokenizer's JSON left.
    private var header: Int { max(0, entries * Self.headerEntry - jsonBytes * Self.jsonFactor) }

    /// A model that is opened to be run, without a session.
    private var model: Int { entries * Self.modelEntry }

    /// Work that goes by slabs.
    /// - Parameters:
    ///   - bytes: what a thread has for each weight of its slab.
    ///   - headers: how often the header is laid out in bytes.
    func slabs(threads: Int, bytes: Double, headers: Int = 1) -> Int {
        let slab = Double(max(Self.slabWeights, rowLength)) * bytes
        // In bytes it is about a third of what it takes in memory.
        return planning + header + Int(slab) * threads + headers * entries * Self.headerEntry / 3
    }

    /// A look at the headers of builds.
    var looking: Int { planning + model }

    /// Packing a build into a registry.
    func packing(bytesPerWeight: Double, ofSeveral: Bool) -> Int {
        let longest = Int(min(Double(largestTensor) * bytesPerWeight, 1e12))
        return looking
            + ModelRegistry.packingMemory(longest: longest, hasPlanes: bytesPerWeight >= 2, mayShare: ofSeveral)
    }

    /// Models that are run over a text, one at a time.
    /// - Parameters:
    ///   - models: how many are open.
    ///   - windows: of the text that are read between two files of scores.
    ///   - scores: windows whose scores are kept, those of all builds together.
    ///   - logits: of how many tokens of a window.
    ///   - compares: whether the probabilities of a base are kept.
    func evaluating(
        models: Int,
        _ options: SessionOptions,
        windows: Int,
        scores: Int,
        logits: Int,
        compares: Bool = false,
        textBytes: Int
    ) -> Int {
        let session = shape.map { SessionMemory($0, vocabulary: vocabulary, options).byteCount(logits: logits) } ?? 0
        let kept =
            compares
            ? KLDivergenceRun.keptByteCount(context: options.context, windows: windows, vocabulary: vocabulary) : 0
        // Figures of a token, twice while they are added up.
        let figures = scores * logits * (compares ? 96 : 32)
        return planning + models * model + session + kept + figures + Self.text(textBytes)
    }

    /// The sums of an importance matrix.
    var sums: Int { columns * MemoryLayout<Float>.stride }

    /// Gradients of a model on windows of a text.
    func gradients(context: Int, threads: Int, textBytes: Int) -> Int {
        let options = SessionOptions(context: context, threads: threads, readsWholeTexts: true)
        let session = shape.map { SessionMemory($0, vocabulary: vocabulary, options).gradientByteCount } ?? 0
        return planning + header + model + session + 3 * sums + Self.text(textBytes)
    }

    /// A text, the same without its last newline, and its tokens.
    private static func text(_ bytes: Int) -> Int { 3 * bytes }
}

extension GGUFTensor {
    /// How many matrices the tensor is a stack of: its experts, else 1.
    fileprivate var matrixCount: Int { shape.dimensions.dropFirst(2).reduce(1, *) }
}
