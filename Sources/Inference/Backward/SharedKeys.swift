import Architectures

/// Keys and values that later layers read of an earlier one, and the gradients that those layers have in them. Layers
/// run from the last to the first: the first that asks has the keys computed, and the one that they are of takes the
/// gradients.
///
/// Unchecked: used by the thread that runs the pass.
final class SharedKeys: @unchecked Sendable {
    /// Of one layer: (T, G D) each.
    struct Entry: Sendable {
        let keys: TokenRows
        let values: TokenRows
        let keyChanges: TokenRows
        let valueChanges: TokenRows
        fileprivate let memory: FloatBuffer

        fileprivate init(count: Int, width: Int) throws(InferenceProblem) {
            let size = count * width
            let memory = try FloatBuffer(count: 4 * size, purpose: "shared keys and values")
            memory.start.update(repeating: 0, count: memory.count)
            func rows(_ index: Int) -> TokenRows {
                TokenRows(start: memory.start + index * size, stride: width, count: count, width: width)
            }
            (keys, values, keyChanges, valueChanges) = (rows(0), rows(1), rows(2), rows(3))
            self.memory = memory
        }
    }

    private var entries: [Int: Entry] = [:]

    /// The entry of a layer, whose keys and values `make` gives where they are not yet there.
    func entry(of layer: Int, _ make: () throws -> AttentionGradient.Parts) throws -> Entry {
        if let entry = entries[layer] { return entry }
        let parts = try make()
        let entry = try Entry(count: parts.keys.count, width: parts.keys.width)
        entry.keys.copy(parts.keys)
        entry.values.copy(parts.values)
        entries[layer] = entry
        return entry
    }

    /// Takes out what later layers left for a layer; nil where none read its keys.
    func take(_ layer: Int) -> Entry? { entries.removeValue(forKey: layer) }

    /// Forgets what a pass left that did not come to its end.
    func reset() { entries = [:] }
}
