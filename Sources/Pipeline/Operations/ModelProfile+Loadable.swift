import DeviceFit
import Foundation
import GGUF
import Inference

extension ModelProfile {
    /// The profile of a file that engines can load, as far as that can be told.
    /// - Throws: `GGUFError`; `InferenceError` for a file that none can load.
    package init(loadable file: GGUFFile, quantType: String) throws {
        try file.reading { try $0.requireModel() }
        try LoadingCheck.require(file)
        try self.init(file, quantType: quantType)
        loads = true
    }

    /// What a registry keeps of a shape; nil where the text is none.
    package init?(stored text: String) {
        guard let profile = try? JSONDecoder().decode(ModelProfile.self, from: Data(text.utf8)) else { return nil }
        self = profile
    }

    /// What a registry keeps; the same for equal profiles, so that it keeps them once.
    package var stored: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension GGUFHeader {
    /// Why no engine can load the file, as a sentence with what to do; nil where nothing is known against it.
    var loadingProblem: String? {
        do {
            try metadata.requireModel()
        } catch let problem as GGUFProblem {
            return problem.explanation
        } catch {
            return nil
        }
        return LoadingCheck.problem(of: metadata, tensors).map { InferenceProblem.cannotLoad($0).explanation }
    }
}
