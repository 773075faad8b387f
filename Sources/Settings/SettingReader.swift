import BinaryIO
import Yams

/// Reads the settings of one mapping in a pipeline file by key, and records which keys were not used. A setting that is
/// null counts as omitted.
package struct SettingReader {
    private let log: DiagnosticLog
    private let pairs: [(key: Node, value: Node)]
    /// The start of the mapping, for errors about missing settings.
    private let place: SourcePlace
    private let what: String

    /// - Parameters:
    ///   - what: the subject of the mapping, for messages.
    ///   - known: all keys that the mapping may contain.
    package init?(_ node: Node, _ what: String, known: [String], _ log: DiagnosticLog) {
        guard let mapping = node.mapping else {
            log.report("\(what) must be a mapping of settings, `key: value`.", at: node)
            return nil
        }
        self.log = log
        self.what = what
        place = node.place
        pairs = mapping.map { ($0.key, $0.value) }.filter { !$0.1.isNull }
        for (key, _) in mapping {
            guard let name = key.string, known.contains(name) else {
                let name = key.string ?? "?"
                log.report(
                    "\(what) has no setting '\(name)'. \(Spelling.advice(for: name, among: known))",
                    at: key
                )
                continue
            }
        }
    }

    /// Reads settings that are not in a file, such as the options of a command.
    /// - Parameter values: values by key; omitted settings are left out.
    package init(_ values: [String: SettingValue], _ what: String, _ log: DiagnosticLog) {
        self.log = log
        self.what = what
        place = SourcePlace(line: 1, column: 1)
        pairs = values.sorted { $0.key < $1.key }.map { (Node($0.key), $0.value.node) }
    }

    /// A reader for a mapping inside this one.
    package func inner(_ node: Node, _ what: String, known: [String]) -> SettingReader? {
        SettingReader(node, what, known: known, log)
    }

    /// The keys in the mapping that have a value.
    package var keys: [String] { pairs.compactMap(\.key.string) }

    /// Reports an error in a value.
    package func report(_ message: String, at node: Node) { log.report(message, at: node) }

    /// Reports an error in the mapping as a whole.
    package func report(_ message: String) { log.report(message, at: place) }

    package func node(_ key: String) -> Node? { pairs.first { $0.key.string == key }?.value }

    package func required(_ key: String) -> Node? {
        if let node = node(key) { return node }
        log.report("\(what) needs the setting \(setting: key). Add it.", at: place)
        return nil
    }

    /// A text. Numbers and booleans are taken as they are written, so that `version: 1.10` stays unchanged.
    package func text(_ key: String) -> String? { node(key).flatMap { text($0, key) } }

    package func requiredText(_ key: String) -> String? { required(key).flatMap { text($0, key) } }

    package func texts(_ key: String) -> [(text: String, node: Node)]? {
        guard let node = node(key) else { return nil }
        guard let sequence = node.sequence else {
            return text(node, key).map { [($0, node)] }
        }
        return sequence.compactMap { element in text(element, key).map { ($0, element) } }
    }

    package func flag(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        if let flag = node.coreBool { return flag }
        log.report("\(setting: key) must be true or false.", at: node)
        return nil
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        if let number = node.coreInteger, range.contains(number) { return number }
        log.report("\(setting: key) must be a whole number from \(range.lowerBound) to \(range.upperBound).", at: node)
        return nil
    }

    /// A number of at least zero.
    package func number(_ key: String) -> Double? {
        guard let node = node(key) else { return nil }
        if let number = node.coreNumber, number >= 0 { return number }
        log.report("\(setting: key) must be a number of 0 or more.", at: node)
        return nil
    }

    /// A percentage such as `5%`, in percent.
    package func percent(_ key: String) -> Double? {
        guard let node = node(key) else { return nil }
        let text = node.string ?? ""
        if text.hasSuffix("%"), let number = Node(String(text.dropLast())).coreNumber, number >= 0 { return number }
        log.report("\(setting: key) must be a percentage, such as 5%.", at: node)
        return nil
    }

    /// The text of a node that is the value of the setting `key`, wherever it comes from.
    package func text(_ node: Node, _ key: String) -> String? {
        if let text = node.scalar?.string, !text.isEmpty, !node.isNull { return text }
        log.report("\(setting: key) must be a text.", at: node)
        return nil
    }
}

extension Node {
    package var place: SourcePlace { SourcePlace(line: mark?.line ?? 1, column: mark?.column ?? 1) }
}
