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

/// The memory that steps on a model need, computed from the model's headers only.
///
/// It counts the private memory of the process, which the system cannot reclaim. Weights are read from mapped files:
/// the system keeps them while there is room, so they count no more than any other cached file.
struct StepMemory {
    /// The bytes of the program with an open registry and the device catalogue.
    private static let program = 5 << 20
    /// The bytes per token or merge of a vocabulary, in a model's header and in a tokenizer beside it.
    private static let (headerEntry, modelEntry) = (64, 90)
    /// The bytes of memory per byte of a tokenizer's JSON.
    private static let jsonFactor = 3
    /// The number of weights of a slab; see the quantizer's.
    private static let slabWeights = 1 << 18

    /// The number of tokens and merges of the vocabulary.
    private let entries: Int
    private let vocabulary: Int
    private let jsonBytes: Int
    /// The length of a row of the model's tensors.
    private let rowLength: Int
    /// The number of weights of the largest tensor.
    private let largestTensor: Int
    /// The number of columns for which importance matrices and factors have a value.
    private let columns: Int
    /// The model's shape; nil if the headers do not contain it, so the model cannot be run.
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

    /// The bytes of a run that does nothing after reading the model's headers.
    var planning: Int { Self.program + entries * Self.headerEntry + jsonBytes * Self.jsonFactor }

    /// The bytes of a second header of a model, beside or in place of what reading the tokenizer's JSON left.
    private var header: Int { max(0, entries * Self.headerEntry - jsonBytes * Self.jsonFactor) }

    /// The bytes of a model that is opened to be run, without a session.
    private var model: Int { entries * Self.modelEntry }

    /// Returns the bytes of work that proceeds by slabs.
    /// - Parameters:
    ///   - bytes: the bytes per weight of a thread's slab.
    ///   - headers: how many times the header is laid out in bytes.
    func slabs(threads: Int, bytes: Double, headers: Int = 1) -> Int {
        let slab = Double(max(Self.slabWeights, rowLength)) * bytes
        // A header in bytes is about a third of its size in memory.
        return planning + header + Int(slab) * threads + headers * entries * Self.headerEntry / 3
    }

    /// The bytes of reading the headers of builds.
    var looking: Int { planning + model }

    /// Returns the bytes of packing a build into a registry.
    func packing(bytesPerWeight: Double, ofSeveral: Bool) -> Int {
        let longest = Int(min(Double(largestTensor) * bytesPerWeight, 1e12))
        return looking
            + ModelRegistry.packingMemory(longest: longest, hasPlanes: bytesPerWeight >= 2, mayShare: ofSeveral)
    }

    /// Returns the bytes of running models over a text, one at a time.
    /// - Parameters:
    ///   - models: the number of open models.
    ///   - windows: the number of windows of the text read between two files of scores.
    ///   - scores: the number of windows whose scores are kept, for all builds together.
    ///   - logits: the number of tokens of a window with logits.
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
        // The figures of a token are held twice while they are added up.
        let figures = scores * logits * (compares ? 96 : 32)
        return planning + models * model + session + kept + figures + Self.text(textBytes)
    }

    /// The bytes of the sums of an importance matrix.
    var sums: Int { columns * MemoryLayout<Float>.stride }

    /// Returns the bytes of computing a model's gradients on windows of a text.
    func gradients(context: Int, threads: Int, textBytes: Int) -> Int {
        let options = SessionOptions(context: context, threads: threads, readsWholeTexts: true)
        let session = shape.map { SessionMemory($0, vocabulary: vocabulary, options).gradientByteCount } ?? 0
        return planning + header + model + session + 3 * sums + Self.text(textBytes)
    }

    /// Returns the bytes of a text, its copy without the last newline, and its tokens.
    private static func text(_ bytes: Int) -> Int { 3 * bytes }
}

extension GGUFTensor {
    /// The number of matrices in the tensor: its experts, or 1.
    fileprivate var matrixCount: Int { shape.dimensions.dropFirst(2).reduce(1, *) }
}
