import GGUF
import SystemPackage
import Tensors

/// The model that a conversion would write, read row by row without a file; builds made from it are byte-identical to
/// those made from the file.
public struct ConvertedModel: ModelSource {
    private let plan: ConversionPlan
    /// The tensors' indices in the plan.
    private let places: [String: Int]
    /// The files that the plan was made from.
    public let inputs: [FilePath]

    /// The folder of the checkpoint.
    public var path: FilePath { plan.folder }
    /// The metadata of the converted file.
    public var metadata: Metadata { plan.metadata }
    /// The tensors in the order of the converted file.
    public var tensors: [GGUFTensor] { plan.layout.tensors }
    /// Alignment of the tensors' data, in bytes: GGUF's default.
    public var alignment: Int { GGUFLayout.defaultAlignment }

    /// - Parameter inputs: the files that the plan was made from.
    public init(_ plan: ConversionPlan, inputs: [FilePath]) {
        self.plan = plan
        self.inputs = inputs
        places = Dictionary(uniqueKeysWithValues: plan.tensors.enumerated().map { ($1.target.name, $0) })
    }

    /// Makes a reader for one thread, which converts rows on request.
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
                // Rows of several experts arrive in pieces.
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
