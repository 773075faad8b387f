import DeviceFit
import GGUF
import Inference

extension ModelProfile {
    /// The profile of a file that engines can load, as far as that can be told.
    /// - Throws: `GGUFError`; `InferenceError` for a file that none can load.
    init(loadable file: GGUFFile, quantType: String) throws {
        try LoadingCheck.requireModel(file)
        try self.init(checked: file, quantType: quantType)
    }
}
