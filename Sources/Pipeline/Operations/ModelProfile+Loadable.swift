import DeviceFit
import GGUF
import Inference

extension ModelProfile {
    /// The profile of a file that engines can load, as far as that can be told.
    /// - Throws: `GGUFError`; `InferenceError` for a file that none can load.
    init(loadable file: GGUFFile, quantType: String) throws {
        try file.reading { try $0.requireModel() }
        try LoadingCheck.require(file)
        try self.init(file, quantType: quantType)
    }
}
