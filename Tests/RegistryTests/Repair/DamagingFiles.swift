import BinaryIO
import SystemPackage

/// Writes a file into a registry, as only damage does.
func writeFile(_ bytes: some Sequence<UInt8>, to path: FilePath) throws {
    try BinaryIO.writeFile(bytes, to: path, isOfRegistry: true)
}
