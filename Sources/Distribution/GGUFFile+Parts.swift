import GGUF
import Registry

extension GGUFFile {
    /// The positions where the registry cuts the file, so that a tensor that two builds share is stored once.
    package var partCuts: [PartCut] { boundaries.map { PartCut(offset: $0.offset, elementBytes: $0.elementBytes) } }
}
