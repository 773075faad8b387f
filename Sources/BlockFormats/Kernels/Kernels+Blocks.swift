import CKernels
import Tensors

extension Kernels {
    /// Encodes whole blocks, or whole rows with an importance matrix, as the Swift encoder of the format would.
    /// - Returns: false, with no effect, if this variant has no encoder for the type.
    func encode(
        _ weights: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>? = nil,
        as type: TensorType,
        into bytes: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let variant, let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        // The search for neighbours compares costs as integers, which does not work for negative ones.
        if type.neighbours != nil, importance?.contains(where: { $0 < 0 }) ?? false { return false }
        var run = ek_run(
            weights: weights.baseAddress,
            block_count: Int64(weights.count / type.block.elements),
            importance: importance?.baseAddress,
            columns: Int64(importance?.count ?? 0),
            grid: nil
        )
        guard let neighbours = type.neighbours else { return ek_encode(variant, Int32(type.rawValue), &run, target) }
        return neighbours.withTables { grid in
            run.grid = grid
            return ek_encode(variant, Int32(type.rawValue), &run, target)
        }
    }

    /// Returns the bits of the largest magnitude; nil if this variant has no such function.
    func greatestMagnitude(_ weights: UnsafeBufferPointer<Float>) -> UInt32? {
        guard let variant, let base = weights.baseAddress else { return nil }
        return ek_greatest_magnitude(variant, base, Int64(weights.count))
    }

    /// Decodes whole blocks, or half-precision numbers, as the Swift decoder of the format would.
    /// - Returns: false, with no effect, if this variant has no decoder for the type.
    func decode(
        _ type: TensorType,
        _ bytes: UnsafeRawBufferPointer,
        into weights: UnsafeMutableBufferPointer<Float>
    ) -> Bool {
        guard let variant, let source = bytes.baseAddress, let target = weights.baseAddress else { return false }
        if type == .f16 {
            ek_decode_halves(variant, source, target, Int64(weights.count))
            return true
        }
        let blockCount = Int64(weights.count / type.block.elements)
        return ek_decode(
            variant,
            Int32(type.rawValue),
            blockCount,
            source.assumingMemoryBound(to: UInt8.self),
            target
        )
    }
}

extension TensorType {
    /// The grid of an IQ format.
    fileprivate var neighbours: GridNeighbours? {
        switch self {
        case .iq1_s, .iq1_m: .iq1
        case .iq2_xxs: .iq2_xxs
        case .iq2_xs: .iq2_xs
        case .iq2_s: .iq2_s
        case .iq3_xxs: .iq3_xxs
        case .iq3_s: .iq3_s
        default: nil
        }
    }
}

extension GridNeighbours {
    fileprivate func withTables<Result>(_ body: (UnsafePointer<ek_grid>) -> Result) -> Result {
        places.withUnsafeBufferPointer { places in
            lists.withUnsafeBufferPointer { lists in
                grid.points.withUnsafeBufferPointer { points in
                    var tables = ek_grid(
                        places: places.baseAddress,
                        lists: lists.baseAddress,
                        points: points.baseAddress
                    )
                    return body(&tables)
                }
            }
        }
    }
}
