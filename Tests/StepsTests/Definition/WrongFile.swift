import Pipeline
import Steps
import Testing

/// A pipeline file that must be refused, with everything that must be said about it.
struct WrongFile: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    /// `line:column: message`, in the order of the file.
    let diagnostics: [String]

    /// - Parameter steps: begins on line 5, below a faultless head.
    init(_ what: String, steps: String, _ diagnostics: String...) {
        self.init(what, text: Self.head + steps, diagnostics)
    }

    init(_ what: String, text: String, _ diagnostics: String...) {
        self.init(what, text: text, diagnostics)
    }

    private init(_ what: String, text: String, _ diagnostics: [String]) {
        testDescription = what
        self.text = text
        self.diagnostics = diagnostics
    }

    static let head = "pipeline: p\nversion: 1.0.0\nmodel: { source: m }\nsteps:\n"
    /// Lines 5 and 6: an f16 conversion, and two builds of it.
    static let builds = """
          - { id: f16, convert: { type: f16 } }
          - { id: builds, quantize: { model: f16, types: [q8_0, q4_0] } }

        """
    static let kinds = StepKinds.names.joined(separator: ", ")
    static let types = QuantizeSettings.types.sorted().joined(separator: ", ")
}
