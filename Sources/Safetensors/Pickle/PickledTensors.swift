/// The tensors of a file that `torch.save` wrote, found without running any code.
enum PickledTensors {
    private static let types: [String: SafetensorsType] = [
        "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "LongStorage": .i64,
        "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
    ]

    /// Returns the tensors in the order of the dictionary.
    /// - Throws: `SafetensorsProblem.unreadablePickle`.
    static func tensors(in bytes: UnsafeRawBufferPointer) throws -> [SafetensorsTensor] {
        let archive = try StoredArchive(bytes)
        // All files are in one folder, whose name is the model's.
        guard let name = archive.files.keys.filter({ $0.hasSuffix("/data.pkl") }).min(), let range = archive.files[name]
        else {
            throw SafetensorsProblem.unreadablePickle("there is no data.pkl in it")
        }
        let folder = name.dropLast("data.pkl".count)
        guard case .dictionary(let state) = try PickleMachine.value(of: UnsafeRawBufferPointer(rebasing: bytes[range]))
        else {
            throw SafetensorsProblem.unreadablePickle("it holds no dictionary of tensors")
        }
        return try state.pairs.map { key, value in
            guard case .text(let name) = key,
                case .tensor(let type, let file, let offset, let shape, let strides) = value
            else { throw SafetensorsProblem.unreadablePickle("it holds something else than tensors") }
            guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                throw SafetensorsProblem.unreadablePickle("a tensor's name is empty or holds control characters")
            }
            guard let type = types[type] else { throw SafetensorsProblem.unknownType(tensor: name, type: type) }
            guard let stored = archive.files["\(folder)data/\(file)"] else {
                throw SafetensorsProblem.invalidEntry(tensor: name, "its numbers, the file 'data/\(file)', are missing")
            }
            return SafetensorsTensor(
                name: name,
                type: type,
                shape: shape,
                range: try place(of: name, type, shape, strides, offset, in: stored)
            )
        }
    }

    /// Returns the place of a tensor with contiguous rows.
    private static func place(
        of name: String,
        _ type: SafetensorsType,
        _ shape: [Int],
        _ strides: [Int],
        _ offset: Int,
        in stored: Range<Int>
    ) throws -> Range<Int> {
        var count = 1
        for (size, stride) in zip(shape, strides).reversed() {
            guard size >= 0, size <= 1 || stride == count else {
                throw SafetensorsProblem.invalidEntry(
                    tensor: name,
                    "its rows do not follow each other; save it contiguous"
                )
            }
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, product <= stored.count else { throw SafetensorsProblem.sizeOverflow(tensor: name) }
            count = product
        }
        let size = type.bitsPerElement / 8
        guard offset >= 0, offset <= stored.count / size, count <= stored.count / size - offset else {
            throw SafetensorsProblem.beyondFile(tensor: name, end: stored.count, available: stored.count)
        }
        let start = stored.lowerBound + offset * size
        return start..<(start + count * size)
    }
}
