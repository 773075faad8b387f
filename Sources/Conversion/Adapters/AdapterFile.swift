import GGUF
import Safetensors
import SystemPackage

/// An adapter as a GGUF file, as convert_lora_to_gguf.py and `edgepipe convert` with only an adapter write it: names
/// and rows are those of the base model's GGUF file.
struct AdapterFile {
    let changes: [AdapterChange]
    let architecture: String

    /// - Throws: `FileError`, `GGUFError`, `ConversionProblem`.
    init(_ reference: AdapterReference) throws {
        let model = try GGUFModel(path: reference.folder)
        let (kind, form, alpha) = try model.reading {
            (try $0.string("general.type"), try $0.string("adapter.type"), try $0.float("adapter.lora.alpha"))
        }
        architecture = try model.reading {
            try $0.string("general.architecture").required("general.architecture")
        }
        guard kind == "adapter", form == "lora" else {
            throw ConversionProblem.unsupportedAdapter(
                "the file holds no LoRA adapter ('general.type' is \(kind ?? "missing"))"
            )
        }
        guard model.metadata["adapter.alora.invocation_tokens"] == nil else {
            throw ConversionProblem.unsupportedAdapter("it uses 'alora_invocation_tokens'")
        }
        let entries: FileEntries
        do {
            entries = try FileEntries(model)
        } catch ConversionProblem.quantizedBase(let tensor, let type) {
            throw ConversionProblem.unsupportedAdapter("its tensor '\(tensor)' is quantized to \(type)")
        }
        var changes: [AdapterChange] = []
        for tensor in model.tensors {
            guard let entry = entries[tensor.name] else { continue }
            if let place = NonFinite.first(in: entry.bytes, entry.tensor.type) {
                throw ConversionProblem.notFinite(tensor: tensor.name, element: place)
            }
            guard let base = tensor.name.cut(".lora_a") else {
                if let base = tensor.name.cut(".lora_b"), entries[base + ".lora_a"] != nil { continue }
                guard tensor.name.contains("norm"), entry.tensor.shape.count == 1 else {
                    throw ConversionProblem.unsupportedAdapter("nothing is known of its tensor '\(tensor.name)'")
                }
                changes.append(AdapterChange(target: tensor.name, kind: .replacement(entry)))
                continue
            }
            guard let other = entries[base + ".lora_b"] else {
                throw ConversionProblem.unsupportedAdapter("one of the two matrices for '\(base)' is missing")
            }
            let strength = Strength(alpha: alpha ?? 0, scale: reference.scale)
            changes += try Self.changes(of: base, entry, other, entries, strength)
        }
        guard !changes.isEmpty else { throw ConversionProblem.unsupportedAdapter("it has no tensors") }
        self.changes = changes
    }

    private struct Strength {
        let alpha: Float
        let scale: Float

        /// The factor of updates of this rank; engines treat an alpha of zero as a missing strength.
        func value(rank: Int) -> Float { alpha == 0 ? scale : scale * alpha / Float(rank) }
    }

    private static func changes(
        of base: String,
        _ a: SafetensorsCheckpoint.Entry,
        _ b: SafetensorsCheckpoint.Entry,
        _ entries: FileEntries,
        _ strength: Strength
    ) throws -> [AdapterChange] {
        let (first, second) = (a.tensor.shape, b.tensor.shape)
        // Engines look up the rows of an embedding table, so its first matrix has one row per token.
        let isTable = base.contains("token_embd.")
        let isStack = first.count == 3 && second.count == 3 && first[0] == second[0] && !isTable
        let rank = isTable ? first.last ?? 0 : first.dropLast().last ?? 0
        guard isStack || (first.count == 2 && second.count == 2), second.last == rank, rank > 0 else {
            throw ConversionProblem.wrongShape(tensor: b.tensor.name, found: second, expected: "a match of \(first)")
        }
        let depth = isStack ? first[0] : 1
        let pairs =
            isStack
            ? Array(
                zip(entries.slices(of: a.tensor.name, depth: depth), entries.slices(of: b.tensor.name, depth: depth))
            )
            : [(a, b)]
        return pairs.enumerated().map { height, pair in
            let update = LowRankUpdate(
                a: pair.0,
                b: pair.1,
                isOfEmbeddings: isTable,
                isTurned: isTable,
                magnitude: nil,
                strength: strength.value(rank: rank)
            )
            return AdapterChange(target: base, height: isStack ? height : nil, kind: .update(update))
        }
    }
}

extension String {
    /// The text without this ending; nil if it does not end so.
    fileprivate func cut(_ ending: String) -> String? { hasSuffix(ending) ? String(dropLast(ending.count)) : nil }
}
