/// A page with the divergence and size of presets and recipes of one model, from which a person picks a build where the
/// curve bends.
public struct FrontierPage: Sendable {
    /// One build.
    public struct Point: Sendable {
        /// The build's name: "q4_k_m", or "3.50 bits".
        public var name: String
        /// Whether the build is one of llama.cpp's mixes.
        public var isPreset: Bool
        /// Size of the file, in bytes.
        public var bytes: Int
        /// Mean bits per weight, over all weights.
        public var bitsPerWeight: Double
        /// Mean KL divergence, in nats per token.
        public var kld: Double
        /// Standard error of `kld`, in nats per token.
        public var standardError: Double
        /// Predicted mean divergence, in nats per token: the sum of the costs of single tensors.
        public var predictedKld: Double
        /// Perplexity of the build.
        public var perplexity: Double

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(
            name: String,
            isPreset: Bool,
            bytes: Int,
            bitsPerWeight: Double,
            kld: Double,
            standardError: Double,
            predictedKld: Double,
            perplexity: Double
        ) {
            (self.name, self.isPreset, self.bytes, self.bitsPerWeight) = (name, isPreset, bytes, bitsPerWeight)
            (self.kld, self.standardError) = (kld, standardError)
            (self.predictedKld, self.perplexity) = (predictedKld, perplexity)
        }
    }

    private let model: String
    private let text: String
    private let points: [Point]

    /// - Parameters:
    ///   - model: the model's name.
    ///   - text: a description of the text that the builds were measured on.
    public init(model: String, text: String, points: [Point]) {
        (self.model, self.text) = (model, text)
        self.points = points.sorted { ($0.bytes, $0.name) < ($1.bytes, $1.name) }
    }

    /// A single HTML file that loads nothing else.
    public var html: String {
        let presets = points.count(where: \.isPreset)
        let page = ReportPage(
            title: model,
            subtitle:
                "KL divergence against size: \(presets) presets, \(points.count - presets) recipes, judged on \(text)",
            chips: [],
            cards: [],
            sections: [
                ReportPage.Section(id: "curve", title: "The curve", blocks: [chart, .prose(Self.advice)])
            ]
        )
        return HTMLPage(page, language: .english).text
    }

    private static let advice =
        "Each bit less costs more than the one before. Where the curve bends, a smaller file begins to lose much. "
        + "Differences of less than twice the standard error mean nothing."

    private var chart: ReportPage.Block {
        let chart = QualityChart(
            front: ParetoFront(
                points.map {
                    ParetoFront.Point(name: $0.name, bytes: $0.bytes, loss: $0.kld, standardError: $0.standardError)
                }
            ),
            focus: "",
            measure: "mean KL divergence, nats a token",
            language: .english
        )
        return .figure(
            chart.svg,
            caption: "The line is the builds for which no other is both smaller and nearer to the original.",
            data: ReportPage.Table(
                caption: "Size and divergence of each build",
                columns: ["build", "kind", "MB", "bits a weight", "KL divergence", "predicted", "perplexity"],
                rows: points.map { point in
                    [
                        .text(point.name), .text(point.isPreset ? "preset" : "recipe"),
                        .number(number(Double(point.bytes) / 1e6, 1)), .number(number(point.bitsPerWeight, 3)),
                        .number(plusMinus(point.kld, point.standardError)), .number(number(point.predictedKld, 5)),
                        .number(number(point.perplexity, 3)),
                    ]
                }
            )
        )
    }
}
