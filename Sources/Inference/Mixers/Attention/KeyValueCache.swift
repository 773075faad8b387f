import Architectures
import Tensors

/// The keys and values of all positions so far, for every layer.
///
/// Single precision is exact; half precision needs half the memory and is llama.cpp's default.
final class KeyValueCache: @unchecked Sendable {
    // Unchecked: written between parallel regions only.
    /// The storage of numbers.
    enum Storage: Sendable {
        case single([FloatBuffer])
        /// Two numbers per place.
        case half([FloatBuffer])

        /// The size in bytes. Layers that share memory count once.
        var byteCount: Int {
            switch self {
            case .single(let layers), .half(let layers):
                Dictionary(layers.map { (ObjectIdentifier($0), $0.count) }) { first, _ in first }
                    .values.reduce(0) { $0 + $1 * MemoryLayout<Float>.stride }
            }
        }
    }

    /// The largest number of positions.
    let capacity: Int
    /// The numbers per position and layer, for keys and for values.
    private let widths: [Int]
    private let keys: Storage
    private let values: Storage

    /// - Parameter isShared: whether all layers use the same memory, one after the other, which suffices if every text
    ///   is one batch. Layers that later ones read have their own memory.
    init(_ shape: ModelShape, capacity: Int, type: CacheType, isShared: Bool) throws(InferenceProblem) {
        self.capacity = capacity
        widths = shape.layers.map(\.mixer.state.keys)
        let read = Set(shape.attentions.compactMap(\.source))
        let shares = shape.layers.indices.map { isShared && !read.contains($0) }
        keys = try Self.storage(widths, capacity, type, shares)
        values = try Self.storage(widths, capacity, type, shares)
    }

    /// Whether numbers are decoded into scratch memory before they are used.
    var isDecoded: Bool { if case .half = keys { true } else { false } }

    /// The size of all keys and values, in bytes.
    var byteCount: Int { keys.byteCount + values.byteCount }

    /// Rounds numbers to the precision of the cache and stores them.
    /// - Parameter rows: keys and values, with the width of a layer for each position.
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

    /// Returns keys of one head for some positions: in place, or decoded into `scratch` of `positions.count * length`.
    func keys(
        layer: Int,
        head: Int,
        length: Int,
        positions: Range<Int>,
        scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        read(keys, layer, head, length, positions, scratch)
    }

    /// Returns values of one head for some positions: in place, or decoded into `scratch` of
    /// `positions.count * length`.
    func values(
        layer: Int,
        head: Int,
        length: Int,
        positions: Range<Int>,
        scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        read(values, layer, head, length, positions, scratch)
    }

    private func write(_ row: UnsafePointer<Float>, to storage: Storage, _ layer: Int, _ position: Int) {
        let width = widths[layer]
        switch storage {
        case .single(let layers):
            (layers[layer].start + position * width).update(from: row, count: width)
        case .half(let layers):
            let target = UnsafeMutableRawPointer(layers[layer].start) + 2 * position * width
            for index in 0..<width {
                target.storeBytes(of: HalfFloat.encode(row[index]), toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    private func read(
        _ storage: Storage,
        _ layer: Int,
        _ head: Int,
        _ length: Int,
        _ positions: Range<Int>,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> Rows<UnsafePointer<Float>> {
        let width = widths[layer]
        precondition(positions.upperBound <= capacity && (head + 1) * length <= width)
        switch storage {
        case .single(let layers):
            let start = layers[layer].start + positions.lowerBound * width + head * length
            return Rows(start: UnsafePointer(start), stride: width)
        case .half(let layers):
            let source = UnsafeRawPointer(layers[layer].start)
            for (row, position) in positions.enumerated() {
                let place = source + 2 * (position * width + head * length)
                for index in 0..<length {
                    scratch[row * length + index] = HalfFloat.decode(
                        place.load(fromByteOffset: 2 * index, as: UInt16.self)
                    )
                }
            }
            return Rows(start: UnsafePointer(scratch), stride: length)
        }
    }

    private static func storage(
        _ widths: [Int],
        _ capacity: Int,
        _ type: CacheType,
        _ shares: [Bool]
    ) throws(InferenceProblem) -> Storage {
        func buffer(_ width: Int) throws(InferenceProblem) -> FloatBuffer {
            let (count, overflow) = width.multipliedReportingOverflow(by: capacity)
            guard !overflow else { throw .outOfMemory(byteCount: Int.max, purpose: "key-value cache") }
            let places = type == .f32 ? count : (count + 1) / 2
            return try FloatBuffer(count: places, purpose: "key-value cache")
        }
        let common = try buffer(zip(widths, shares).map { $1 ? $0 : 0 }.max() ?? 0)
        var layers: [FloatBuffer] = []
        for (width, isShared) in zip(widths, shares) { layers.append(isShared ? common : try buffer(width)) }
        return type == .f32 ? .single(layers) : .half(layers)
    }
}

/// The precision of stored keys and values.
public enum CacheType: String, Sendable, CaseIterable {
    case f32
    case f16
}
