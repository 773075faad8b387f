import Tensors

/// The keys and values of every position seen so far, for every layer.
///
/// Single precision is exact; half precision takes half the memory and is what llama.cpp does unless told otherwise.
final class KeyValueCache: @unchecked Sendable {
    // Unchecked: written between parallel regions only.
    /// How numbers are kept.
    enum Storage: Sendable {
        case single([FloatBuffer])
        case half([UnsafeMutableBufferPointer<UInt16>])
    }

    /// Positions there is room for.
    let capacity: Int
    /// Numbers per position and layer, for keys and for values.
    private let widths: [Int]
    private let keys: Storage
    private let values: Storage

    init(_ traits: ModelTraits, capacity: Int, type: CacheType) throws(InferenceProblem) {
        self.capacity = capacity
        widths = traits.keyValueHeadCounts.map { $0 * traits.headLength }
        keys = try Self.storage(widths, capacity, type)
        values = try Self.storage(widths, capacity, type)
    }

    deinit {
        for case .half(let buffers) in [keys, values] { for buffer in buffers { buffer.deallocate() } }
    }

    /// Rounds numbers to the precision of the cache and keeps them.
    /// - Parameter rows: of each position the width of a layer; keys and values.
    func store(
        layer: Int,
        position: Int,
        count: Int,
        keys newKeys: Rows<UnsafePointer<Float>>,
        values newValues: Rows<UnsafePointer<Float>>
    ) {
        precondition(position >= 0 && position + count <= capacity)
        for row in 0..<count {
            write(newKeys.start + row * newKeys.stride, to: keys, layer, position + row)
            write(newValues.start + row * newValues.stride, to: values, layer, position + row)
        }
    }

    /// Keys of one head for the first `count` positions: in place, or decoded into `scratch` of `count * length`.
    func keys(
        layer: Int, head: Int, length: Int, count: Int, scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        read(keys, layer, head, length, count, scratch)
    }

    /// Values of one head, likewise.
    func values(
        layer: Int, head: Int, length: Int, count: Int, scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        read(values, layer, head, length, count, scratch)
    }

    private func write(_ row: UnsafePointer<Float>, to storage: Storage, _ layer: Int, _ position: Int) {
        let width = widths[layer]
        switch storage {
        case .single(let layers):
            (layers[layer].start + position * width).update(from: row, count: width)
        case .half(let layers):
            let target = layers[layer]
            for index in 0..<width { target[position * width + index] = HalfFloat.encode(row[index]) }
        }
    }

    private func read(
        _ storage: Storage, _ layer: Int, _ head: Int, _ length: Int, _ count: Int,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        let width = widths[layer]
        precondition(count <= capacity && (head + 1) * length <= width)
        switch storage {
        case .single(let layers):
            return Rows(start: UnsafePointer(layers[layer].start + head * length), stride: width)
        case .half(let layers):
            guard let source = layers[layer].baseAddress else { preconditionFailure("an empty cache") }
            for row in 0..<count {
                let place = source + row * width + head * length
                for index in 0..<length { scratch[row * length + index] = HalfFloat.decode(place[index]) }
            }
            return Rows(start: UnsafePointer(scratch), stride: length)
        }
    }

    private static func storage(_ widths: [Int], _ capacity: Int, _ type: CacheType) throws(InferenceProblem) -> Storage {
        var single: [FloatBuffer] = []
        var half: [UnsafeMutableBufferPointer<UInt16>] = []
        for width in widths {
            let (count, overflow) = width.multipliedReportingOverflow(by: capacity)
            guard !overflow, count < 1 << 40 else {
                throw .outOfMemory(byteCount: Int.max, purpose: "key-value cache")
            }
            switch type {
            case .f32: single.append(try FloatBuffer(count: count, purpose: "key-value cache"))
            case .f16: half.append(.allocate(capacity: count))
            }
        }
        return type == .f32 ? .single(single) : .half(half)
    }
}

/// The precision in which keys and values are kept.
public enum CacheType: String, Sendable, CaseIterable {
    case f32
    case f16
}
