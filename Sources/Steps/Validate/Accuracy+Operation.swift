import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage
import Work

extension Operations {
    /// Measures how many multiple-choice tasks of a file a model answers correctly.
    /// - Throws: `Interruption.Stopped` with the results so far, if `progress` stops the work.
    public static func accuracy(
        _ model: FilePath,
        tasks: FilePath,
        threads: Int,
        progress: WorkProgress
    ) throws -> AccuracyResult {
        let bytes = try readFile(tasks, limit: ValidateStep.textLimit)
        return try EvaluationError.naming(tasks) {
            let tasks = try MultipleChoiceTask.tasks(jsonLines: bytes)
            return try AccuracyRun(try LanguageModel(path: model), threads: threads).answer(tasks) { state in
                let figures = "accuracy \(state.result.accuracy.percent.formatted(1)) %"
                do {
                    try progress(figures, state.result.tasks, state.taskCount)
                } catch is Interruption.Stopped {
                    let place = "after \(state.result.tasks) of \(state.taskCount) tasks"
                    let normalized = state.result.normalizedAccuracy.percent.formatted(1)
                    throw Interruption.Stopped(soFar: "\(place): \(figures), length-normalized \(normalized) % so far.")
                }
            }
        }
    }
}
