import BinaryIO
import SystemPackage

/// The folder that a pipeline file may import from: that of its repository, or its own outside of repositories.
struct ProjectFolder {
    /// The absolute path, with links resolved.
    let path: FilePath

    /// - Parameter file: the pipeline file.
    init(of file: FilePath) {
        let own = file.resolvingLinks().removingLastComponent()
        var folder = own
        while FileStatus(folder.appending(".git")) == nil {
            guard folder.removeLastComponent() else {
                path = own
                return
            }
        }
        path = folder
    }

    /// Whether a file is in the folder or below it, after its links are resolved.
    func contains(_ file: FilePath) -> Bool { file.resolvingLinks().starts(with: path) }
}
