import GGUF
import SystemPackage
import Tensors

/// The model that a conversion would write, row by row without a file: what is made of it has the same bytes either way.
public struct ConvertedModel: ModelSource {
    private let plan: ConversionPlan
    /// The tensors' places in the plan.
    private let places: [String: Int]
    /// The files that the plan was made from.
    public let inputs: [FilePath]

    /// The folder of the checkpoint.
    public var path: FilePath { plan.folder }
    /// What the converted file would say of the model.
    public var metadata: Metadata { plan.metadata }
    /// The tensors in the order of the converted file.
    public var tensors: [GGUFTensor] { plan.layout.tensors }
    /// Of the tensors' data, in bytes: GGUF's default.
    public var alignment: Int { GGUFLayout.defaultAlignment }

    /// - Parameter inputs: the files that the plan was made from.
    public init(_ plan: ConversionPlan, inputs: [FilePath]) {
        self.plan = plan
        self.inputs = inputs
        places = Dictionary(uniqueKeysWithValues: plan.tensors.enumerated().map { ($1.target.name, $0) })
    }

    /// Makes a reader for one thread, which converts the rows asked for.
    public func makeReader() -> any RowReader { Rows(self) }

    private final class Rows: RowReader {
        private let model: ConvertedModel
        private var converter: RowConverter
        private var pieces: [UInt8] = []

        init(_ model: ConvertedModel) {
            self.model = model
            converter = RowConverter(allowsNonFinite: model.plan.allowsNonFinite)
        }

        func withRows(
            _ rows: Range<Int>,
            of tensor: GGUFTensor,
            _ body: (UnsafeRawBufferPointer) throws -> Void
        ) throws {
            guard let place = model.places[tensor.name] else {
                preconditionFailure("'\(tensor.name)' is of another model")
            }
            let size = rows.count * tensor.rowByteCount
            pieces.removeAll(keepingCapacity: true)
            do {
                // Rows of several experts come in pieces.
                _ = try converter.convert(rows, of: model.plan.tensors[place]) { bytes, _ in
                    if bytes.count == size { try body(bytes) } else { pieces.append(contentsOf: bytes) }
                }
            } catch let problem as ConversionProblem {
                throw ConversionError(path: model.path, problem: problem)
            }
            if !pieces.isEmpty { try pieces.withUnsafeBytes(body) }
        }
    }
}
