import BinaryIO
import Registry

/// No build is small or fast enough for the request.
public struct NothingFits: Error, CustomStringConvertible, Sendable {
    /// The error in words that end with what to do.
    public let description: String

    init(_ words: String) { description = words }

    /// Throws for a model or a channel that does not exist, which is far more often a typing error than a question.
    /// - Throws: `NothingFits`, with near names.
    static func unless(_ registry: ModelRegistry, knowsModel model: String?, channel: String? = nil) throws {
        func check(_ what: String, _ wanted: String?, _ known: () throws -> [String]) throws {
            guard let wanted else { return }
            let known = try known()
            guard !known.contains(wanted) else { return }
            let advice = known.isEmpty ? "" : " \(Spelling.advice(for: wanted, among: known))"
            throw NothingFits("the registry has no \(what) '\(wanted)'.\(advice)")
        }
        try check("model", model, registry.modelNames)
        try check("channel", channel, registry.channelNames)
    }
}
