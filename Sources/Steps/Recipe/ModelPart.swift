import GGUF
import SystemPackage

/// Some tensors of a model, as a model of its own: to quantize them without the others.
struct ModelPart: ModelSource {
    let whole: any ModelSource
    let tensors: [GGUFTensor]

    init(of whole: any ModelSource, where isWanted: (String) -> Bool) {
        self.whole = whole
        tensors = whole.tensors.filter { isWanted($0.name) }
    }

    var path: FilePath { whole.path }
    var inputs: [FilePath] { whole.inputs }
    var metadata: Metadata { whole.metadata }
    var alignment: Int { whole.alignment }
    func makeReader() -> any RowReader { whole.makeReader() }
}
