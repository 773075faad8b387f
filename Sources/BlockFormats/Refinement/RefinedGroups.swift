import Tensors

/// Returns the value rounded to half precision.
func half(_ value: Float) -> Float { HalfFloat.decode(HalfFloat.encode(value)) }

/// The groups of one block, with their rounding costs.
struct RefinedGroups<Format: ScaledFormat> {
    private let weights: UnsafePointer<Float>
    private let counts: UnsafePointer<Float>

    init(_ weights: UnsafePointer<Float>, _ counts: UnsafePointer<Float>) {
        self.weights = weights
        self.counts = counts
    }

    var count: Int { Format.type.block.elements / Format.layout.groupSize }

    func error(_ block: ScaledBlock) -> Float {
        var sum: Float = 0
        for index in 0..<count {
            sum += error(
                index,
                scale: block.scale * Float(block.groupScales[index]),
                minimum: block.minimum * Float(block.groupMinimums[index])
            )
        }
        return sum
    }

    /// Returns the error of a group whose weights are rounded to the nearest levels of `scale` and `minimum`.
    @inline(__always)
    private func error(_ index: Int, scale: Float, minimum: Float) -> Float {
        var sum = Lanes.zero
        forEachFour(of: index, scale: scale, minimum: minimum) { x, w, level, _ in
            let difference = x - (level * scale - minimum)
            sum += w * (difference * difference)
        }
        return sum.sum()
    }

    @inline(__always)
    private func forEachFour(
        of index: Int,
        scale: Float,
        minimum: Float,
        _ body: (_ x: Lanes, _ w: Lanes, _ level: Lanes, _ place: Int) -> Void
    ) {
        let inverse = scale == 0 ? 0 : 1 / scale
        let (lower, upper) = (Float(Format.layout.levels.lowerBound), Float(Format.layout.levels.upperBound))
        let first = index * Format.layout.groupSize
        for place in stride(from: first, to: first + Format.layout.groupSize, by: 4) {
            let x = UnsafeRawPointer(weights + place).loadUnaligned(as: Lanes.self)
            let w = UnsafeRawPointer(counts + place).loadUnaligned(as: Lanes.self)
            body(x, w, ((x + minimum) * inverse).nearest.clamped(lower, upper), place)
        }
    }

    /// Changes a group's scale and minimum to the best of their neighbours.
    func improve(_ index: Int, of block: inout ScaledBlock, reach: Int32) {
        let (scales, minimums) = (Format.layout.groupScales, Format.layout.groupMinimums)
        var best = Float.infinity
        let (scale, minimum) = (block.groupScales[index], block.groupMinimums[index])
        for groupScale in max(scales.lowerBound, scale - reach)...min(scales.upperBound, scale + reach) {
            for groupMinimum in max(minimums.lowerBound, minimum - reach)...min(minimums.upperBound, minimum + reach) {
                let error = error(
                    index,
                    scale: block.scale * Float(groupScale),
                    minimum: block.minimum * Float(groupMinimum)
                )
                if error < best {
                    best = error
                    block.groupScales[index] = groupScale
                    block.groupMinimums[index] = groupMinimum
                }
            }
        }
    }

    /// Returns the block's scale and minimum by weighted least squares, for the current levels of its weights.
    func fit(_ block: ScaledBlock) -> ScaledBlock {
        var (scaleSquares, mixed, minimumSquares): (Double, Double, Double) = (0, 0, 0)
        var (scaleProducts, minimumProducts): (Double, Double) = (0, 0)
        for index in 0..<count {
            let scale = block.scale * Float(block.groupScales[index])
            let minimum = block.minimum * Float(block.groupMinimums[index])
            var (levelSquares, levels, total) = (Lanes.zero, Lanes.zero, Lanes.zero)
            var (levelProducts, products) = (Lanes.zero, Lanes.zero)
            forEachFour(of: index, scale: scale, minimum: minimum) { x, w, level, _ in
                levelSquares += w * level * level
                levels += w * level
                total += w
                levelProducts += w * x * level
                products += w * x
            }
            let (s, m) = (Double(block.groupScales[index]), Double(block.groupMinimums[index]))
            scaleSquares += s * s * Double(levelSquares.sum())
            mixed += s * m * Double(levels.sum())
            minimumSquares += m * m * Double(total.sum())
            scaleProducts += s * Double(levelProducts.sum())
            minimumProducts += m * Double(products.sum())
        }
        var fitted = block
        let determinant = scaleSquares * minimumSquares - mixed * mixed
        if minimumSquares > 0, determinant > 0 {
            fitted.scale = half(Float((minimumSquares * scaleProducts - mixed * minimumProducts) / determinant))
            fitted.minimum = half(Float((mixed * scaleProducts - scaleSquares * minimumProducts) / determinant))
        } else if scaleSquares > 0 {
            fitted.scale = half(Float(scaleProducts / scaleSquares))
        }
        return fitted.scale.isFinite && fitted.minimum.isFinite ? fitted : block
    }

    /// Computes the level of each weight above the lowest one.
    func round(_ block: ScaledBlock, into stored: UnsafeMutablePointer<UInt8>) {
        for index in 0..<count {
            let scale = block.scale * Float(block.groupScales[index])
            let minimum = block.minimum * Float(block.groupMinimums[index])
            forEachFour(of: index, scale: scale, minimum: minimum) { _, _, level, place in
                let whole = level.smallIntegers &- Format.layout.levels.lowerBound
                for lane in 0..<4 { stored[place + lane] = UInt8(truncatingIfNeeded: whole[lane]) }
            }
        }
    }
}
