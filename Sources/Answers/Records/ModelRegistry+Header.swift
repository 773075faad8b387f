import GGUF
import Registry
import SystemPackage

extension ModelRegistry {
    /// The header of a build's file. Of the stored bytes only those are read and verified that hold it.
    /// - Parameter progress: told of the bytes that are read.
    /// - Throws: `GGUFError` where the build is no GGUF file; `RegistryError`, `FileError`.
    func header(of build: BuildRecord, progress: (Int) throws -> Void = { _ in }) throws -> GGUFHeader {
        let bytes = try bytes(of: build.digest)
        let name = FilePath("\(build.name)")
        return try GGUFHeader(named: name, byteCount: bytes.count, givenCount: bytes.headCount) { end in
            try progress(end)
            return try bytes.read(0..<end)
        }
    }
}
