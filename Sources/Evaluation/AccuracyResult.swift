/// The number of questions that a model answered correctly.
public struct AccuracyResult: Sendable, Equatable, Codable {
    /// A share of the tasks, in percent.
    public struct Share: Sendable, Equatable, Codable {
        /// The share.
        public let percent: Double
        /// The standard error of the share, in percentage points.
        public let standardError: Double
        /// The lower end of the interval that contains the true share with a confidence of 95 %, by Wilson's formula,
        /// which is also valid for few tasks and for shares near 0 and 100.
        public let low: Double
        /// The upper end of that interval; see `low`.
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

    /// A model's answer to one task.
    public struct Answer: Sendable, Equatable, Codable {
        /// The task's line in its file, counted from one.
        public let line: Int
        /// The index of the right ending.
        public let label: Int
        /// The ending with the highest log-probability.
        public let choice: Int
        /// The ending with the highest log-probability per byte of UTF-8.
        public let normalizedChoice: Int
        /// The natural logarithm of each ending's probability after the context.
        public let logProbabilities: [Double]
    }

    /// The number of answered tasks.
    public let tasks: Int
    /// The accuracy by log-probability of the endings.
    public let accuracy: Share
    /// The accuracy by log-probability per byte, which does not favour short endings.
    public let normalizedAccuracy: Share
    /// The accuracy of guessing, in percent.
    public let chancePercent: Double
    /// One answer for each task, in their order; empty in a summary.
    public private(set) var answers: [Answer]

    /// The result without the answers.
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
