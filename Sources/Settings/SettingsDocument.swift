import Yams

/// Parses the text of a settings file into nodes with their places.
package enum SettingsDocument {
    /// - Returns: nil if the text is invalid; the log then has another entry.
    package static func compose(_ text: String, _ log: DiagnosticLog) -> Node? {
        if let place = AliasLimit.firstExcess(in: text) {
            log.report("the file has more than \(AliasLimit.count) aliases. Write the values out.", at: place)
            return nil
        }
        do {
            if let node = try Yams.compose(yaml: text) { return node }
            log.report("the file is empty. Describe a pipeline in it.", at: SourcePlace(line: 1, column: 1))
        } catch {
            let (place, problem) = Self.explain(error)
            let advice =
                Self.hasExpression(text, at: place.line)
                ? "Put expressions inside of [ ] and { } in quotes." : "Correct it."
            log.report("this is not valid YAML: \(problem). \(advice)", at: place)
        }
        return nil
    }

    /// Whether a line contains an expression, whose braces have another meaning inside brackets.
    private static func hasExpression(_ text: String, at line: Int) -> Bool {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return lines.indices.contains(line - 1) && Expression.isIn(String(lines[line - 1]))
    }

    private static func explain(_ error: any Error) -> (SourcePlace, String) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (SourcePlace(line: mark.line, column: mark.column), problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                SourcePlace(line: context.mark.line, column: context.mark.column),
                "the mapping has '\(duplicates.joined(separator: "', '"))' more than once"
            )
        case .reader(let problem, _, _, _):
            (SourcePlace(line: 1, column: 1), problem)
        default:
            (SourcePlace(line: 1, column: 1), "\(error)")
        }
    }
}
