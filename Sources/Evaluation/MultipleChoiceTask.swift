import BinaryIO

/// A question with several answers, of which one is right: how a text continues.
public struct MultipleChoiceTask: Sendable, Equatable {
    /// The text that every ending continues.
    public let context: String
    /// The answers, two or more.
    public let endings: [String]
    /// The index of the right ending.
    public let label: Int
    /// The task's line in the file.
    public let line: Int

    /// Returns the text that a model reads: a space separates context and ending if neither has one.
    func text(_ ending: String) -> String {
        let isApart = context.isEmpty || context.last?.isWhitespace == true || ending.first?.isWhitespace == true
        return context + (isApart ? "" : " ") + ending
    }

    /// Reads lines of JSON in the format of HellaSwag: `context` (or `ctx`), `endings` and `label`. Other members and
    /// empty lines are ignored.
    /// - Throws: `EvaluationError.badTask` for the first invalid line, `EvaluationError.noTasks`.
    public static func tasks(jsonLines bytes: [UInt8]) throws -> [MultipleChoiceTask] {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated()
        let tasks = try lines.compactMap { index, line -> MultipleChoiceTask? in
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { return nil }
            return try MultipleChoiceTask(Array(line), line: index + 1)
        }
        if tasks.isEmpty { throw EvaluationError.noTasks() }
        return tasks
    }

    private init(_ bytes: [UInt8], line: Int) throws {
        func bad(_ why: String) -> EvaluationError { .badTask(line: line, why: why) }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw bad("this is no JSON, \(error)")
        }
        guard value.object != nil else { throw bad("an object expected") }
        guard let context = (value["context"] ?? value["ctx"])?.string else { throw bad("'context' must be a text") }
        let elements = value["endings"]?.array ?? []
        let endings = elements.compactMap(\.string)
        guard endings.count == elements.count, endings.count >= 2 else {
            throw bad("'endings' must be two texts or more")
        }
        if endings.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw bad("an ending is empty") }
        // Some copies of the data store the label as a text.
        guard let label = value["label"]?.integer ?? value["label"]?.string.flatMap({ Int($0) }),
            endings.indices.contains(label)
        else { throw bad("'label' must be the number of the right ending, from 0 to \(endings.count - 1)") }
        (self.context, self.endings, self.label, self.line) = (context, endings, label, line)
    }
}
