import Architectures
import BinaryIO
import Inference

/// The texts on which two builds of an embedding model are compared.
public struct TextCollection: Sendable {
    /// The fewest texts: with fewer, the ten nearest of each are all the others, whatever a build lost.
    public static let least = 12
    /// The most texts, because every text is compared with every other.
    public static let most = 20_000

    /// The texts in the order of the file.
    public let inputs: [EmbeddingInput]

    /// Reads the texts of a file: its lines, without blank ones.
    ///
    /// A line with more tokens than a model accepts at a time is halved at a space until its parts fit.
    /// - Parameters:
    ///   - run: the run of the model whose tokens count.
    ///   - isJSON: whether each line is a JSON string.
    ///   - context: the most tokens of a text, unless the model's own limit is lower.
    ///   - count: the most texts; nil for all.
    /// - Throws: `EvaluationError` for a file that is not UTF-8, for lines that are not JSON strings, and for too few
    ///   or too many texts; `TokenizerError`.
    public init(
        _ bytes: [UInt8],
        isJSON: Bool = false,
        for run: EmbeddingRun,
        context: Int,
        count: Int? = nil
    ) throws {
        if let count, count < 1 { throw EvaluationError.noChunks(count) }
        let limit = min(context, try run.longestText)
        var texts: [String] = []
        for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            if let count, texts.count >= count { break }
            guard let text = try Self.text(line, isJSON, line: index + 1) else { continue }
            texts += try Self.parts(of: text, limit, run)
            // Beyond this, the rest need not be read.
            if count == nil, texts.count > Self.most { break }
        }
        if let count { texts = Array(texts.prefix(count)) }
        guard (Self.least...Self.most).contains(texts.count) else {
            throw EvaluationError.wrongTextCount(texts.count, least: Self.least, most: Self.most)
        }
        inputs = texts.map { .text(Array($0.utf8)) }
    }

    private static func text(_ line: ArraySlice<UInt8>, _ isJSON: Bool, line number: Int) throws -> String? {
        guard let text = String(validating: line, as: UTF8.self) else { throw EvaluationError.notUTF8(line: number) }
        let isBlank = text.allSatisfy(\.isWhitespace)
        guard isJSON else {
            return isBlank ? nil : text.last == "\r" ? String(text.dropLast()) : text
        }
        guard !isBlank else { return nil }
        guard let own = (try? JSONValue(parsing: Array(line)))?.string else {
            throw EvaluationError.badTextLine(line: number)
        }
        return own.allSatisfy(\.isWhitespace) ? nil : own
    }

    /// Returns a text, or halves it until each part has at most the limit's tokens.
    private static func parts(of text: String, _ limit: Int, _ run: EmbeddingRun) throws -> [String] {
        var (open, parts) = ([text], [String]())
        while let next = open.popLast() {
            let count = try run.tokens(of: [.text(Array(next.utf8))])[0].count
            guard count > limit, next.count > 1 else {
                if count <= limit { parts.append(next) }
                continue
            }
            let middle = next.index(next.startIndex, offsetBy: next.count / 2)
            let cut = next[middle...].firstIndex(of: " ") ?? next[..<middle].lastIndex(of: " ") ?? middle
            let halves = cut == next.startIndex ? (next[..<middle], next[middle...]) : (next[..<cut], next[cut...])
            // The second half is processed last.
            for half in [halves.1, halves.0] {
                let own = String(half).trimmingSpaces
                if !own.isEmpty { open.append(own) }
            }
        }
        return parts
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}

extension EmbeddingRun {
    /// The most tokens of a text that the model can read; for a reranker, two such texts fit.
    var longestText: Int {
        get throws {
            guard let trained = model.shape.trainedContext else { return .max }
            guard pooling == .rank else { return trained }
            let between = try tokens(of: [.pair(query: "a", document: "a")])[0].count
            return max(1, (trained - between) / 2)
        }
    }
}
