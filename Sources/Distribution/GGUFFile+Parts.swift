import GGUF
import Registry

extension GGUFFile {
    /// Where the registry shall cut the file, so that a tensor that two builds share is stored once.
    package var partCuts: [PartCut] { boundaries.map { PartCut(offset: $0.offset, elementBytes: $0.elementBytes) } }
}
