import GGUF
import Quantization
import SystemPackage

/// Some tensors of a model as a separate model, to quantize them without the others.
struct ModelPart: ModelSource {
    let whole: any ModelSource
    let tensors: [GGUFTensor]

    init(of whole: any ModelSource, where isWanted: (String) -> Bool) {
        self.whole = whole
        tensors = whole.tensors.filter { isWanted($0.name) }
    }

    /// Returns the options with the importance-matrix entries of this part; without a matrix if there is none.
    func options(_ options: QuantizationOptions) -> QuantizationOptions {
        let names = Set(tensors.map(\.name))
        var own = options
        own.importanceMatrix = options.importanceMatrix?.filtered(names.contains)
        return own
    }

    var path: FilePath { whole.path }
    var inputs: [FilePath] { whole.inputs }
    var metadata: Metadata { whole.metadata }
    var alignment: Int { whole.alignment }
    func makeReader() -> any RowReader { whole.makeReader() }
}
