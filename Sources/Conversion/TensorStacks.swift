import Safetensors

/// Collects tensors until a stack of them is complete.
struct TensorStacks {
    /// A stack's parts in order, ready to be written.
    struct Complete {
        let name: String
        let parts: [Part]
    }

    /// A tensor of the checkpoint, and its name in the family.
    typealias Part = (entry: SafetensorsCheckpoint.Entry, name: String)

    private struct Waiting {
        let place: StackPlace
        /// The parts by stack and index; config.json may claim far more than there are.
        var parts: [[Int: Part]]
        var missing: Int
    }

    private var waiting: [String: Waiting] = [:]

    /// - Returns: all stacks that belong together, once their last part was added; empty before.
    mutating func add(_ part: Part, at place: StackPlace) throws -> [Complete] {
        let key = place.names[0]
        var group =
            waiting[key]
            ?? Waiting(
                place: place,
                parts: Array(repeating: [:], count: place.names.count),
                missing: place.names.count * place.depth
            )
        guard group.parts[place.stack][place.index] == nil else {
            throw ConversionProblem.unknownTensor("\(part.name)' beside another of its place")
        }
        group.parts[place.stack][place.index] = part
        group.missing -= 1
        waiting[key] = group.missing > 0 ? group : nil
        guard group.missing == 0 else { return [] }
        return zip(place.names, group.parts).map { name, parts in
            Complete(name: name, parts: parts.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    /// - Throws: `ConversionProblem.incompleteStack` if a stack is incomplete.
    func finish() throws {
        guard let name = waiting.keys.min(), let group = waiting[name] else { return }
        let needed = group.place.names.count * group.place.depth
        throw ConversionProblem.incompleteStack(name: name, found: needed - group.missing, needed: needed)
    }
}
