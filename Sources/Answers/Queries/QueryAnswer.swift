import Architectures
import Briefs

/// The best build, the runners-up, and for every refused one the reasons.
public struct QueryAnswer: Encodable, Sendable {
    /// A build that was asked about in vain.
    public struct Refusal: Encodable, Sendable {
        /// `model@version:type`
        public var build: String
        /// Each says what would have to be otherwise.
        public var reasons: [String]
    }

    /// Nil where nothing fits.
    public var best: BuildSummary?
    /// The others that fit, the better first.
    public var alternatives: [BuildSummary]
    /// Of a large registry only the first of them.
    public var refused: [Refusal]
    /// Builds of a large registry that are neither named as fitting nor as refused, because better ones are.
    public var omitted = 0

    /// Which build other processors than the CPU take, which are not estimated; and what figures of several embedding models do not say.
    /// Nil where there is nothing of the kind.
    ///
    /// Source: llama.cpp's docs/backend/snapdragon/README.md and OPENCL.md.
    public var hint: String? { hint(.english) }

    /// The same in a language.
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

    /// Of embedding models, what each lost is known, and not which is the better one.
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

    /// `best` is always there: null says that nothing fits, which a missing key would leave open. `omitted` and
    /// `hint` are there where there is something to say.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(best, forKey: .best)
        try container.encode(alternatives, forKey: .alternatives)
        try container.encode(refused, forKey: .refused)
        try container.encodeIfPresent(hint, forKey: .hint)
        if omitted > 0 { try container.encode(omitted, forKey: .omitted) }
    }
}
