import BinaryIO
import SystemPackage
import Tensors

/// An assignment's file: entries `TENSOR=TYPE` between spaces or line ends, as llama-quantize's `--tensor-type-file`
/// reads it.
///
/// llama-quantize takes the left side for a regular expression and looks for it anywhere in a name, so that
/// `output.weight` would mean `blk.0.attn_output.weight` too. What is written here is bound to the whole name,
/// `^output.weight$`, and means the same tensor to both. What is read may be bound or not, and means one tensor.
extension TypeAssignment {
    /// Far more than the tensors of any model take.
    private static let longestFile = 1 << 24

    /// Reads a file.
    /// - Throws: `FileError`; `QuantizationError` with the line of an entry that is none, is a pattern, names a type that
    ///   cannot be encoded, or names a tensor again.
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

    /// Writes a file, one tensor a line in the order of a model's tensors; it appears when it is complete.
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

    /// The one tensor that an expression means, with `^` and `$` around the name and `\.` for its dots or without them; nil
    /// for one that can mean several.
    private static func tensorName(_ expression: Substring) -> String? {
        var name = expression
        if name.hasPrefix("^"), name.hasSuffix("$"), name.count > 2 { name = name.dropFirst().dropLast() }
        let plain = name.replacing("\\.", with: ".")
        return plain.contains(where: #"^$\()[]{}*+?|"#.contains) ? nil : String(plain)
    }
}
