import CKernels

/// A part of a matrix in memory: its start, and the distance between its rows, in numbers.
package struct MatrixPart<Pointer> {
    package let start: Pointer
    package let stride: Int

    package init(_ start: Pointer, stride: Int) {
        self.start = start
        self.stride = stride
    }
}

extension Kernels {
    /// Adds the product of two parts to a third: `out[r][c] += tall[r][k] * wide[k][c]`. Each element gets its terms in
    /// the order of `k`, so that all variants give the same sums.
    package func addTile(
        tall: MatrixPart<UnsafePointer<Float>>,
        wide: MatrixPart<UnsafePointer<Float>>,
        rows: Int,
        rank: Int,
        columns: Int,
        to out: MatrixPart<UnsafeMutablePointer<Float>>
    ) {
        guard let variant else { return add(tall, wide, rows, rank, columns, out) }
        ek_add_tile(
            variant,
            tall.start,
            Int64(tall.stride),
            wide.start,
            Int64(wide.stride),
            Int64(rows),
            Int64(rank),
            Int64(columns),
            out.start,
            Int64(out.stride)
        )
    }

    /// Adds the product of two parts to a third in double precision, in the same order of terms.
    package func addTile(
        tall: MatrixPart<UnsafePointer<Double>>,
        wide: MatrixPart<UnsafePointer<Double>>,
        rows: Int,
        rank: Int,
        columns: Int,
        to out: MatrixPart<UnsafeMutablePointer<Double>>
    ) {
        guard let variant else { return add(tall, wide, rows, rank, columns, out) }
        ek_add_double_tile(
            variant,
            tall.start,
            Int64(tall.stride),
            wide.start,
            Int64(wide.stride),
            Int64(rows),
            Int64(rank),
            Int64(columns),
            out.start,
            Int64(out.stride)
        )
    }

    /// The definition of the product, in Swift.
    @inline(__always)
    private func add<Number: BinaryFloatingPoint>(
        _ tall: MatrixPart<UnsafePointer<Number>>,
        _ wide: MatrixPart<UnsafePointer<Number>>,
        _ rows: Int,
        _ rank: Int,
        _ columns: Int,
        _ out: MatrixPart<UnsafeMutablePointer<Number>>
    ) {
        for row in 0..<rows {
            for k in 0..<rank {
                let factor = tall.start[row * tall.stride + k]
                for column in 0..<columns {
                    out.start[row * out.stride + column] += factor * wide.start[k * wide.stride + column]
                }
            }
        }
    }
}
