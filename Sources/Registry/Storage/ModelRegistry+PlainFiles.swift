import BinaryIO
import SystemPackage

extension ModelRegistry {
    /// The file that is a build, byte for byte; nil where its bytes are compressed, in parts, or not on this disk.
    ///
    /// Its bytes are not verified here, and it belongs to the registry: whoever links to it must leave it as it is.
    package func plainFile(of build: BuildRecord) -> FilePath? {
        guard elsewhere == nil, build.encoding == .raw else { return nil }
        let path = store.path(of: build.object)
        return ObjectStore.size(of: path) == build.fileBytes ? path : nil
    }
}
