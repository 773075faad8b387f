import BinaryIO
import SystemPackage

/// What the commands of the command line do, one function a command; a command adds options and text only.
public enum Operations {}

extension Operations {
    /// - Throws: `PipelineError.diskFull`, before anything is written.
    package static func checkSpace(for byteCount: Int, at path: FilePath) throws {
        if let free = freeDiskBytes(at: path), free < byteCount {
            throw PipelineError.diskFull(path, needed: byteCount, free: free)
        }
    }

    /// A file is written beside its name and renamed, which would take away the one it is made from.
    /// - Throws: `PipelineError.badRequest` where the output is one of the inputs, however its path is written.
    package static func refuse(_ output: FilePath, replacing inputs: [FilePath]) throws {
        if let identity = fileIdentity(output), inputs.contains(where: { fileIdentity($0) == identity }) {
            throw PipelineError.badRequest("\(output): this output is an input too. Choose another output path.")
        }
        try checkOutput(output)
    }
}
