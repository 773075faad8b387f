import BinaryIO
import SystemPackage

extension ModelRegistry {
    /// The object file whose bytes are the build; nil if its bytes are compressed, in parts, or not on this disk.
    ///
    /// Its bytes are not verified here. The file belongs to the registry, so a program that links to it must not change
    /// it.
    package func plainFile(of build: BuildRecord) -> FilePath? {
        guard elsewhere == nil, build.encoding == .raw else { return nil }
        let path = store.path(of: build.object)
        return ObjectStore.size(of: path) == build.fileBytes ? path : nil
    }
}
