import BinaryIO
import SystemPackage
import Tensors

/// The file of an assignment: entries `TENSOR=TYPE` separated by spaces or newlines, as read by llama-quantize's
/// `--tensor-type-file`.
///
/// llama-quantize reads the left side as a regular expression and searches for it anywhere in a name, so
/// `output.weight` would also match `blk.0.attn_output.weight`. Written entries are anchored to the whole name,
/// `^output.weight$`, and mean the same tensor to both programs. Entries that are read may be anchored or not, and mean
/// one tensor.
extension TypeAssignment {
    /// The largest accepted file, in bytes, far more than the tensors of any model need.
    private static let longestFile = 1 << 24

    /// Reads a file.
    /// - Throws: `FileError`; `QuantizationError` with the line of an entry that is invalid, is a pattern, names a type
    ///   that cannot be encoded, or repeats a tensor.
    public init(path: FilePath) throws {
        do {
            guard let text = String(validating: try readFile(path, limit: Self.longestFile), as: UTF8.self) else {
                throw QuantizationProblem.badAssignment(line: 1, "the file is not valid UTF-8. Save it as UTF-8.")
            }
            try self.init(parsing: text)
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: path, problem: problem)
        }
    }

    /// Writes a file atomically, one tensor per line in the order of a model's tensors.
    /// - Throws: `FileError`.
    public func write(to path: FilePath) throws {
        let lines = sorted.map { "^\($0.tensor)$=\($0.type.name.lowercased())\n" }
        try writeFile(lines.joined().utf8, to: path)
    }

    private init(parsing text: String) throws(QuantizationProblem) {
        var types: [String: TensorType] = [:]
        var lines: [String: Int] = [:]
        let split = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in split.enumerated() {
            for entry in line.split(whereSeparator: \.isWhitespace) {
                let (tensor, type) = try Self.parse(entry, line: index + 1)
                if let earlier = lines[tensor] {
                    throw .badAssignment(
                        line: index + 1,
                        "tensor '\(tensor)' has a type from line \(earlier) already. Keep one of the two."
                    )
                }
                (types[tensor], lines[tensor]) = (type, index + 1)
            }
        }
        self.init(types)
    }

    private static func parse(
        _ entry: Substring,
        line: Int
    ) throws(QuantizationProblem) -> (tensor: String, type: TensorType) {
        guard let sign = entry.lastIndex(of: "="), sign != entry.startIndex else {
            throw .badAssignment(line: line, "'\(entry)' is not TENSOR=TYPE, such as blk.0.ffn_down.weight=q6_k.")
        }
        guard let tensor = tensorName(entry[..<sign]) else {
            throw .badAssignment(
                line: line,
                "'\(entry[..<sign])' is a pattern, and an assignment names single tensors. Write each tensor's name."
            )
        }
        let name = entry[entry.index(after: sign)...]
        guard let type = TensorType(name: name), Quantizer.canEncode(type) else {
            let known = TensorType.allCases.filter(Quantizer.canEncode).map { $0.name.lowercased() }
            throw .badAssignment(
                line: line,
                "unknown tensor type '\(name)'. \(Spelling.advice(for: String(name), among: known))"
            )
        }
        return (tensor, type)
    }

    /// Returns the one tensor that an expression matches, with or without `^` and `$` around the name and `\.` for its
    /// dots; nil for an expression that can match several.
    private static func tensorName(_ expression: Substring) -> String? {
        var name = expression
        if name.hasPrefix("^"), name.hasSuffix("$"), name.count > 2 { name = name.dropFirst().dropLast() }
        let plain = name.replacing("\\.", with: ".")
        return plain.contains(where: #"^$\()[]{}*+?|"#.contains) ? nil : String(plain)
    }
}
