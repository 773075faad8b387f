/// How many questions a model answered rightly.
public struct AccuracyResult: Sendable, Equatable, Codable {
    /// A share of the tasks, in percent.
    public struct Share: Sendable, Equatable, Codable {
        /// The share.
        public let percent: Double
        /// Of the share, in percentage points.
        public let standardError: Double
        /// The interval that holds the true share with a confidence of 95 %, by Wilson's formula: it also holds for few
        /// tasks, and for shares near 0 and 100.
        public let low: Double
        /// See `low`.
        public let high: Double

        package init(_ count: Int, of total: Int) {
            let (number, share) = (Double(total), Double(count) / Double(total))
            let z = 1.959963984540054  // 97.5 % of a normal distribution lie below
            let center = (share + z * z / (2 * number)) / (1 + z * z / number)
            let spread = share * (1 - share) / number + z * z / (4 * number * number)
            let reach = z / (1 + z * z / number) * spread.squareRoot()
            percent = 100 * share
            standardError = 100 * (share * (1 - share) / number).squareRoot()
            low = 100 * max(0, center - reach)
            high = 100 * min(1, center + reach)
        }
    }

    /// What a model made of one task.
    public struct Answer: Sendable, Equatable, Codable {
        /// The task's line in its file, from one.
        public let line: Int
        /// Index of the right ending.
        public let label: Int
        /// The ending with the highest log-probability, and with the highest one per byte of UTF-8.
        public let choice: Int
        /// See `choice`.
        public let normalizedChoice: Int
        /// The natural logarithm of each ending's probability after the context.
        public let logProbabilities: [Double]
    }

    /// How many tasks were answered.
    public let tasks: Int
    /// By log-probability of the endings.
    public let accuracy: Share
    /// By log-probability per byte, which favours no short endings.
    public let normalizedAccuracy: Share
    /// What guessing gives, in percent.
    public let chancePercent: Double
    /// One for each task, in their order; empty in a summary.
    public private(set) var answers: [Answer]

    /// The figures alone.
    public var summary: AccuracyResult {
        var summary = self
        summary.answers = []
        return summary
    }

    init(_ answers: [Answer]) {
        tasks = answers.count
        accuracy = Share(answers.count { $0.choice == $0.label }, of: answers.count)
        normalizedAccuracy = Share(answers.count { $0.normalizedChoice == $0.label }, of: answers.count)
        chancePercent = 100 * answers.reduce(0) { $0 + 1 / Double($1.logProbabilities.count) } / Double(answers.count)
        self.answers = answers
    }
}
