import Architectures

/// The keys and values of a layer that later layers read, and the gradients that those layers have for them. Layers run
/// from the last to the first: the first layer that reads them causes them to be computed, and the layer that owns them
/// removes the gradients.
///
/// Unchecked: used by the thread that runs the pass.
final class SharedKeys: @unchecked Sendable {
    /// The keys and values of one layer: (T, G D) each.
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

    /// Returns the entry of a layer; `make` computes its keys and values if they are missing.
    func entry(of layer: Int, _ make: () throws -> AttentionGradient.Parts) throws -> Entry {
        if let entry = entries[layer] { return entry }
        let parts = try make()
        let entry = try Entry(count: parts.keys.count, width: parts.keys.width)
        entry.keys.copy(parts.keys)
        entry.values.copy(parts.values)
        entries[layer] = entry
        return entry
    }

    /// Removes and returns the gradients that later layers left for a layer; nil if none read its keys.
    func take(_ layer: Int) -> Entry? { entries.removeValue(forKey: layer) }

    /// Removes the entries of a pass that did not finish.
    func reset() { entries = [:] }
}
