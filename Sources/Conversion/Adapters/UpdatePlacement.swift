/// The places of a checkpoint matrix's rows and columns in a GGUF file, which the updates have to follow.
struct UpdatePlacement: Sendable, Equatable {
    /// The checkpoint's row for each row of the file.
    var order = RowOrder.unchanged
    /// The checkpoint's column for each column of the file; nil if they did not move.
    var columns: TiledHeads?
}
