import DeviceFit
import GGUF
import Inference

extension ModelProfile {
    /// Creates the profile of a file after checking, as far as possible, that engines can load it.
    /// - Throws: `GGUFError`; `InferenceError` for a file that no engine can load.
    init(loadable file: GGUFFile, quantType: String) throws {
        try LoadingCheck.requireModel(file)
        try self.init(checked: file, quantType: quantType)
    }
}
