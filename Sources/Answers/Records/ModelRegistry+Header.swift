import GGUF
import Registry
import SystemPackage

extension ModelRegistry {
    /// Reads the header of a build's file; only the stored bytes that hold it are read and verified.
    /// - Parameter progress: called with the number of bytes read.
    /// - Throws: `GGUFError` if the build is not a GGUF file; `RegistryError`, `FileError`.
    func header(of build: BuildRecord, progress: (Int) throws -> Void = { _ in }) throws -> GGUFHeader {
        let bytes = try bytes(of: build.digest)
        let name = FilePath("\(build.name)")
        return try GGUFHeader(named: name, byteCount: bytes.count, givenCount: bytes.headCount) { end in
            try progress(end)
            return try bytes.read(0..<end)
        }
    }
}
