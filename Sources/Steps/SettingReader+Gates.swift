import BinaryIO
import Settings
import Yams

extension SettingReader {
    /// Reads the limits that builds must meet, by type in lower case.
    /// - Parameters:
    ///   - builds: the step that makes the builds.
    ///   - types: the types of its builds.
    ///   - settings: the settings that a gate may have.
    ///   - read: creates a gate from its settings; its key is where problems of the whole gate are reported.
    func gates<Gate>(
        _ node: Node,
        of builds: String,
        types: [String],
        known settings: [String],
        _ read: (_ key: Node, _ values: SettingReader) -> Gate
    ) -> [String: Gate] {
        guard let mapping = node.mapping else {
            report("'gates' must be a mapping from build types to what they must reach.", at: node)
            return [:]
        }
        var gates: [String: Gate] = [:]
        for (key, value) in mapping {
            let type = (key.string ?? "").lowercased()
            if !types.contains(type) {
                let advice = Spelling.advice(for: type, among: types)
                report("step '\(builds)' makes no build '\(type)'. \(advice)", at: key)
            }
            guard let values = inner(value, "a gate", known: settings) else { continue }
            gates[type] = read(key, values)
        }
        return gates
    }
}
