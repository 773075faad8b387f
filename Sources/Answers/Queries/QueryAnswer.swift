import Architectures
import Briefs

/// The best build, the alternatives, and the reasons for every refused one.
public struct QueryAnswer: Encodable, Sendable {
    /// A build that does not meet the query.
    public struct Refusal: Encodable, Sendable {
        /// The build, `model@version:type`.
        public var build: String
        /// The reasons; each states what would have to change.
        public var reasons: [String]
    }

    /// The best build; nil if nothing fits.
    public var best: BuildSummary?
    /// The other builds that fit, the better first.
    public var alternatives: [BuildSummary]
    /// The refused builds; of a large registry, only the first.
    public var refused: [Refusal]
    /// The number of builds of a large registry that are named neither as fitting nor as refused, because better ones
    /// are.
    public var omitted = 0

    /// A hint which build other processors than the CPU can run, which are not estimated, and what figures of several
    /// embedding models do not show. Nil if neither applies.
    ///
    /// Source: llama.cpp's docs/backend/snapdragon/README.md and OPENCL.md.
    public var hint: String? { hint(.english) }

    /// Returns the hint in a language.
    package func hint(_ language: Language) -> String? {
        let builds = [best].compactMap { $0 } + alternatives
        let accelerated = builds.first(where: \.suitsAccelerators).map { build in
            language.say(
                "On Snapdragon phones, Hexagon and Adreno take Q4_0 first of all (llama.cpp, docs/backend): \(build.build). The figures "
                    + "are those of the CPU.",
                "В телефонах Snapdragon блоки Hexagon и Adreno лучше всего работают с Q4_0 (llama.cpp, docs/backend): \(build.build). "
                    + "Цифры здесь — для процессора."
            )
        }
        let hints = [accelerated, modelsApart(builds, language)].compactMap(\.self)
        return hints.isEmpty ? nil : hints.joined(separator: " ")
    }

    /// Returns a hint that the figures of several embedding models show the loss of each, not which model is better.
    private func modelsApart(_ builds: [BuildSummary], _ language: Language) -> String? {
        guard let kind = builds.first?.kind, kind != .language, Set(builds.map(\.model)).count > 1 else { return nil }
        return language.say(
            "A cosine says how near a build is to its own model; which of these models does better, it does not say.",
            "Косинус показывает, насколько сборка близка к своей исходной модели, но не какая из моделей лучше."
        )
    }

    private enum CodingKeys: String, CodingKey {
        case best, alternatives, refused, omitted, hint
    }

    /// Encodes `best` always: null means that nothing fits, which a missing key would leave open. `omitted` and `hint`
    /// are only encoded if they are not empty.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(best, forKey: .best)
        try container.encode(alternatives, forKey: .alternatives)
        try container.encode(refused, forKey: .refused)
        try container.encodeIfPresent(hint, forKey: .hint)
        if omitted > 0 { try container.encode(omitted, forKey: .omitted) }
    }
}
