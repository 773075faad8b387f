/// Where rows and columns of a checkpoint's matrix are in a GGUF file, which updates of the checkpoint's have to follow.
struct UpdatePlacement: Sendable, Equatable {
    /// Which row of the checkpoint each row of the file was.
    var order = RowOrder.unchanged
    /// The same of the columns; nil where they stayed.
    var columns: TiledHeads?
}
