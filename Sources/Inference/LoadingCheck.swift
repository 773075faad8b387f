import Architectures
import GGUF
import Tensors
import Tokenizers

/// Checks from metadata and table of tensors whether engines can load a model; does not read its weights.
///
/// It uses the code that loads a model here, so that both apply the same rules. A limitation of this engine only is not
/// a problem: other engines may support the model.
public enum LoadingCheck {
    /// Returns the reason why no engine can load the model, as a sentence with what to do; nil if no problem is known.
    public static func problem(of metadata: Metadata, _ tensors: [GGUFTensor]) -> String? {
        do {
            // The other files of a split model are not known here.
            if let count = try metadata.integer("split.count"), count > 1 { return nil }
            let (shape, arithmetic) = try ModelArithmetic.withShape(metadata)
            let vocabulary = try Vocabulary(metadata)
            try vocabulary.check()
            var reader = TensorReader(shapesOf: tensors)
            _ = try ModelWeights(shape, arithmetic, tokens: vocabulary.tokens.count, &reader)
            return nil
        } catch let problem as InferenceProblem {
            return reason(problem, tensors)
        } catch let problem as ShapeProblem {
            if case .badValue = problem { return problem.explanation }
            return nil
        } catch let problem as GGUFProblem {
            return problem.explanation
        } catch let error as TokenizerError {
            return reason(error)
        } catch {
            return nil
        }
    }

    private static func reason(_ problem: InferenceProblem, _ tensors: [GGUFTensor]) -> String? {
        switch problem {
        // Engines only warn about special tokens that the vocabulary lacks.
        case .badValue(let key, _, _): key.hasPrefix("tokenizer.") ? nil : problem.explanation
        // Some engines also read experts with fused matrices, which this one does not.
        case .missingTensor: tensors.contains { $0.name.contains("gate_up_exps") } ? nil : problem.explanation
        case .wrongShape(let tensor, let expected, let found):
            "tensor '\(tensor)' has the shape \(found); metadata and vocabulary ask for \(expected). Check that the "
                + "checkpoint's weights, config.json and tokenizer belong together, and convert it again."
        case .vocabulary: problem.explanation
        default: nil
        }
    }

    private static func reason(_ error: TokenizerError) -> String? {
        switch error {
        case .noTokens, .countMismatch, .duplicateToken: error.description
        default: nil
        }
    }

    /// - Throws: `InferenceError`.
    public static func require(_ model: any ModelSource) throws {
        guard let reason = problem(of: model.metadata, model.tensors) else { return }
        throw InferenceError(path: model.path, problem: .cannotLoad(reason))
    }

    /// - Throws: `InferenceError`.
    public static func require(_ file: GGUFFile) throws {
        guard let reason = problem(of: file.metadata, file.tensors) else { return }
        throw InferenceError(path: file.path, problem: .cannotLoad(reason))
    }
}
