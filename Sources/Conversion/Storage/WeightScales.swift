import BinaryIO
import Safetensors
import Tensors

/// The scale of a matrix of eight-bit numbers: one number, one per row, or one per block.
struct WeightScale: Sendable, Equatable {
    let values: [Float]
    /// The number of rows and columns that share a scale.
    let block: (rows: Int, columns: Int)
    /// The number of scales in a row.
    let width: Int

    static func == (first: WeightScale, second: WeightScale) -> Bool {
        first.values == second.values && first.block == second.block && first.width == second.width
    }

    /// - Parameter row: the index of the matrix's row in the checkpoint.
    func apply(to weights: UnsafeMutableBufferPointer<Float>, row: Int) {
        let start = row / block.rows * width
        if width == 1 {
            for index in weights.indices { weights[index] *= values[start] }
        } else {
            for index in weights.indices { weights[index] *= values[start + index / block.columns] }
        }
    }
}

/// The scales of a checkpoint whose weights are stored in eight bits.
struct WeightScales {
    /// The endings of a scale's name, and of the weight's name that it belongs to.
    private static let endings = [
        ("weight_scale_inv", "weight"), ("weight_scale", "weight"), ("qscale_weight", "weight"),
    ]
    /// Scales of activations and of the cache, which are not needed.
    private static let unused = ["activation_scale", ".input_scale", ".k_scale", ".v_scale", ".qscale_act"]
    private static let methods: Set<String> = ["fp8", "compressed-tensors", "modelopt"]

    private var scales: [String: SafetensorsCheckpoint.Entry] = [:]
    private var names: Set<String> = []
    private let blockSize: [Int]?

    /// - Parameter methods: additional quantization methods that the family itself reads.
    /// - Throws: `ConversionProblem.unsupportedQuantization` for weights in another format than eight-bit floating
    ///   point.
    init(_ folder: HuggingFaceFolder, alsoReading methods: Set<String> = []) throws {
        guard let settings = folder.config.json["quantization_config"], !settings.isNull else {
            blockSize = nil
            try Self.refuseUnannounced(folder.checkpoint.entries.map(\.tensor.name))
            return
        }
        let method = settings["quant_method"]?.string ?? "unnamed"
        guard Self.methods.union(methods).contains(method) else {
            throw ConversionProblem.unsupportedQuantization(method)
        }
        let blocks = settings["weight_block_size"]?.array?.compactMap(\.integer)
        guard blocks == nil || (blocks?.count == 2 && blocks?.allSatisfy { (1...65_536).contains($0) } == true) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "weight_block_size",
                expected: "two whole numbers"
            )
        }
        blockSize = blocks
        for entry in folder.checkpoint.entries {
            let name = entry.tensor.name
            if Self.unused.contains(where: name.hasSuffix) { names.insert(name) }
            guard let (ending, weight) = Self.endings.first(where: { name.hasSuffix($0.0) }) else { continue }
            names.insert(name)
            scales[name.dropLast(ending.count) + weight] = entry
        }
    }

    /// The endings of quantized tensors' names, to detect quantization that config.json does not mention.
    private static let quantizers = [
        (".g_idx", "GPTQ"), (".qweight", "GPTQ or AWQ"), (".qzeros", "GPTQ or AWQ"), (".SCB", "bitsandbytes in 8 bits"),
        (".absmax", "bitsandbytes in 4 bits"), (".quant_map", "bitsandbytes in 4 bits"),
    ]

    private static func refuseUnannounced(_ names: [String]) throws {
        for (ending, method) in quantizers {
            guard let name = names.first(where: { $0.hasSuffix(ending) }) else { continue }
            throw ConversionProblem.quantizedTensor(name, method: method)
        }
    }

    /// Whether a tensor is a scale and not a weight of its own.
    func contains(_ name: String) -> Bool { names.contains(name) }

    /// The scale of a weight; nil for one that is stored unscaled.
    func scale(of tensor: SafetensorsTensor) throws -> WeightScale? {
        guard let entry = scales[tensor.name] else { return nil }
        let shape = entry.tensor.shape.filter { $0 != 1 }
        let count = shape.reduce(1, *)
        guard tensor.shape.count == 2, WeightDecoder.reads(entry.tensor.type) else {
            throw ConversionProblem.unsupportedElementType(tensor: entry.tensor.name, type: entry.tensor.type.rawValue)
        }
        if let place = NonFinite.first(in: entry.bytes, entry.tensor.type) {
            throw ConversionProblem.notFinite(tensor: entry.tensor.name, element: place)
        }
        let values = WeightDecoder.numbers(of: entry)
        let (rows, columns) = (tensor.shape[0], tensor.shape[1])
        if count == 1 { return WeightScale(values: values, block: (max(rows, 1), max(columns, 1)), width: 1) }
        if let size = blockSize, entry.tensor.shape == [divided(rows, by: size[0]), divided(columns, by: size[1])] {
            return WeightScale(values: values, block: (size[0], size[1]), width: entry.tensor.shape[1])
        }
        guard blockSize == nil, shape == [rows] else {
            throw ConversionProblem.wrongShape(
                tensor: entry.tensor.name,
                found: entry.tensor.shape,
                expected: "a number for each row or block of \(tensor.shape)"
            )
        }
        return WeightScale(values: values, block: (1, max(columns, 1)), width: 1)
    }

    private func divided(_ count: Int, by size: Int) -> Int { (count + size - 1) / size }
}
