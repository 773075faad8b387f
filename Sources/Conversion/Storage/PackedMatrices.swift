import BinaryIO
import Safetensors

/// The matrices of a checkpoint that are packed into words, by the names that their plain weights would have.
struct PackedMatrices {
    /// The methods of `quantization_config` that pack.
    static let methods: Set<String> = ["gptq", "awq"]

    /// The plain weights, in single precision; their bytes are those of the words.
    let entries: [SafetensorsCheckpoint.Entry]
    private let matrices: [String: PackedMatrix]
    private let parts: Set<String>

    /// Whether a tensor is a part of a packed matrix.
    func contains(_ name: String) -> Bool { parts.contains(name) }

    /// The matrix for a plain weight's name; nil for a weight that is not packed.
    subscript(name: String) -> PackedMatrix? { matrices[name] }

    /// - Throws: `ConversionProblem` if parts are missing or their shapes do not match.
    init(_ folder: HuggingFaceFolder) throws {
        let settings = folder.config.json["quantization_config"]
        guard let reader = try Reader(settings, folder.checkpoint) else {
            (entries, matrices, parts) = ([], [:], [])
            return
        }
        var (entries, matrices, parts): ([SafetensorsCheckpoint.Entry], [String: PackedMatrix], Set<String>) = (
            [], [:], []
        )
        for entry in folder.checkpoint.entries {
            guard let (base, matrix, used) = try reader.matrix(of: entry) else { continue }
            let shape = [matrix.rows, matrix.columns]
            let tensor = SafetensorsTensor(name: base, type: .f32, shape: shape, range: entry.tensor.range)
            entries.append(SafetensorsCheckpoint.Entry(file: entry.file, tensor: tensor))
            matrices[base] = matrix
            parts.formUnion(used)
        }
        (self.entries, self.matrices, self.parts) = (entries, matrices, parts)
    }

    /// Finds a matrix's parts and checks that they match.
    private struct Reader {
        private let layout: PackedMatrix.Layout
        private let bits: Int
        private let groupSize: Int?
        private let tensors: [String: SafetensorsCheckpoint.Entry]

        /// Nil if nothing is packed.
        init?(_ settings: JSONValue?, _ checkpoint: SafetensorsCheckpoint) throws {
            var values = settings
            switch settings?["quant_method"]?.string {
            case "gptq": layout = .gptq(zerosLessOne: settings?["checkpoint_format"]?.string ?? "gptq" == "gptq")
            case "awq":
                let version = settings?["version"]?.string?.lowercased() ?? "gemm"
                guard version == "gemm" else {
                    throw ConversionProblem.unsupportedQuantization("awq, version \(version)")
                }
                layout = .awq
            case "compressed-tensors" where settings?["format"]?.string == "pack-quantized":
                layout = .rows
                let groups = settings?["config_groups"]?.object?.members ?? []
                guard groups.count == 1, let weights = groups.first?.value["weights"] else {
                    throw ConversionProblem.unsupportedQuantization("compressed-tensors, \(groups.count) groups")
                }
                guard weights["type"]?.string ?? "int" == "int", weights["strategy"]?.string == "group" else {
                    throw ConversionProblem.unsupportedQuantization(
                        "compressed-tensors, other than whole numbers by group"
                    )
                }
                values = weights
            default: return nil
            }
            let key = if layout == .rows { "num_bits" } else { "bits" }
            let known = if layout == .awq { [4] } else { [2, 4, 8] }
            guard let bits = values?[key]?.integer ?? values?["w_bit"]?.integer, known.contains(bits) else {
                let expected = known.map { "\($0)" }.joined(separator: ", ")
                throw ConversionProblem.invalidValue(file: ModelConfig.file, key: key, expected: "one of \(expected)")
            }
            self.bits = bits
            let size = values?["group_size"]?.integer ?? values?["q_group_size"]?.integer
            guard size.map({ $0 == -1 || (1...(1 << 20)).contains($0) }) ?? true else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "group_size",
                    expected: "-1 or a whole number above 0"
                )
            }
            groupSize = size == -1 ? nil : size
            tensors = Dictionary(uniqueKeysWithValues: checkpoint.entries.map { ($0.tensor.name, $0) })
        }

        /// - Parameter entry: an entry of the checkpoint.
        /// - Returns: the plain weight's name, its matrix, and the names of all parts; nil for a tensor without words.
        func matrix(
            of entry: SafetensorsCheckpoint.Entry
        ) throws -> (name: String, matrix: PackedMatrix, parts: [String])? {
            let name = entry.tensor.name
            if layout == .rows {
                guard name.hasSuffix(".weight_packed") else { return nil }
                return try packedRows(entry, String(name.dropLast("_packed".count)))
            }
            guard name.hasSuffix(".qweight") else { return nil }
            let base = String(name.dropLast("qweight".count))
            let (scales, zeros) = (try part(base + "scales"), try part(base + "qzeros"))
            try require(.i32, entry, dimensions: 2)
            try require(.i32, zeros, dimensions: 2)
            let perWord = 32 / bits
            let (first, second) = (entry.tensor.shape[0], entry.tensor.shape[1])
            var rows = second
            var columns = first
            if layout == .awq { rows *= perWord } else { columns *= perWord }
            guard scales.tensor.shape.count == 2, scales.tensor.shape[1] == rows, rows.isMultiple(of: perWord) else {
                throw unexpected(scales, "groups of \(rows) rows")
            }
            let groupCount = scales.tensor.shape[0]
            guard zeros.tensor.shape == [groupCount, rows / perWord] else {
                throw unexpected(zeros, "\([groupCount, rows / perWord])")
            }
            let index = tensors[base + "g_idx"]
            let groups =
                try index.map { try self.groups($0, columns, groupCount) } ?? evenGroups(columns, groupCount, scales)
            let matrix = try PackedMatrix(
                layout: layout,
                bits: bits,
                rows: rows,
                columns: columns,
                words: entry,
                scales: readable(scales),
                zeros: zeros,
                groups: groups,
                groupCount: groupCount
            )
            return (base + "weight", matrix, ["qweight", "scales", "qzeros", "g_idx"].map { base + $0 })
        }

        private func packedRows(
            _ entry: SafetensorsCheckpoint.Entry,
            _ base: String
        ) throws -> (String, PackedMatrix, [String]) {
            let (scales, shape) = (try part(base + "_scale"), try part(base + "_shape"))
            try require(.i32, entry, dimensions: 2)
            guard shape.tensor.shape == [2], [.i32, .i64].contains(shape.tensor.type) else {
                throw unexpected(shape, "two whole numbers")
            }
            let sizes = wholeNumbers(shape)
            let perWord = 32 / bits
            // The number of words bounds both, so no product overflows.
            let (rows, width) = (entry.tensor.shape[0], entry.tensor.shape[1])
            guard sizes[0] == rows, sizes[1] > (width - 1) * perWord, sizes[1] <= width * perWord, rows > 0 else {
                throw unexpected(entry, "words for \(sizes)")
            }
            let columns = sizes[1]
            guard scales.tensor.shape.count == 2, scales.tensor.shape[0] == rows else {
                throw unexpected(scales, "\(rows) rows of groups")
            }
            let groupCount = scales.tensor.shape[1]
            let zeros = tensors[base + "_zero_point"]
            if let zeros {
                try require(.i32, zeros, dimensions: 2)
                let expected = [(rows + perWord - 1) / perWord, groupCount]
                guard zeros.tensor.shape == expected else { throw unexpected(zeros, "\(expected)") }
            }
            let matrix = try PackedMatrix(
                layout: layout,
                bits: bits,
                rows: rows,
                columns: columns,
                words: entry,
                scales: readable(scales),
                zeros: zeros,
                groups: evenGroups(columns, groupCount, scales),
                groupCount: groupCount
            )
            return (base, matrix, ["_packed", "_scale", "_shape", "_zero_point"].map { base + $0 })
        }

        private func part(_ name: String) throws -> SafetensorsCheckpoint.Entry {
            guard let entry = tensors[name] else { throw ConversionProblem.missingPart(name) }
            return entry
        }

        private func require(_ type: SafetensorsType, _ entry: SafetensorsCheckpoint.Entry, dimensions: Int) throws {
            guard entry.tensor.type == type, entry.tensor.shape.count == dimensions,
                entry.tensor.shape.allSatisfy({ $0 > 0 })
            else { throw unexpected(entry, "\(dimensions) dimensions of \(type.rawValue)") }
        }

        private func readable(_ scales: SafetensorsCheckpoint.Entry) throws -> SafetensorsCheckpoint.Entry {
            guard WeightDecoder.reads(scales.tensor.type) else {
                throw ConversionProblem.unsupportedElementType(
                    tensor: scales.tensor.name,
                    type: scales.tensor.type.rawValue
                )
            }
            if let place = NonFinite.first(in: scales.bytes, scales.tensor.type) {
                throw ConversionProblem.notFinite(tensor: scales.tensor.name, element: place)
            }
            return scales
        }

        private func wholeNumbers(_ entry: SafetensorsCheckpoint.Entry) -> [Int] {
            let size = entry.tensor.type == .i64 ? 8 : 4
            return (0..<(entry.bytes.count / size)).map { index in
                size == 8
                    ? Int(Int64(littleEndian: entry.bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)))
                    : Int(Int32(littleEndian: entry.bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)))
            }
        }

        private func groups(_ index: SafetensorsCheckpoint.Entry, _ columns: Int, _ count: Int) throws -> [Int] {
            guard index.tensor.shape == [columns], [.i32, .i64].contains(index.tensor.type) else {
                throw unexpected(index, "a group for each of \(columns) columns")
            }
            let groups = wholeNumbers(index)
            guard groups.allSatisfy({ (0..<count).contains($0) }) else {
                throw unexpected(index, "groups from 0 to \(count - 1) in each of its elements")
            }
            return groups
        }

        private func evenGroups(
            _ columns: Int,
            _ count: Int,
            _ scales: SafetensorsCheckpoint.Entry
        ) throws -> [Int] {
            let size = groupSize ?? columns
            guard count == (columns + size - 1) / size else {
                throw unexpected(scales, "\((columns + size - 1) / size) groups of \(size) columns")
            }
            return (0..<columns).map { $0 / size }
        }

        private func unexpected(_ entry: SafetensorsCheckpoint.Entry, _ expected: String) -> ConversionProblem {
            .wrongShape(tensor: entry.tensor.name, found: entry.tensor.shape, expected: expected)
        }
    }
}
