import BinaryIO
import SystemPackage

/// Why a delta cannot be made or applied.
public enum DeltaError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file is not a delta.
    case notADelta(FilePath)
    /// A delta of a later format.
    case unknownFormat(FilePath, String)
    /// The delta contradicts itself, or does not produce the file that it names.
    case damaged(FilePath, detail: String)
    /// The old file is not the one that the delta was made from.
    case otherFile(FilePath, expected: SHA256Digest)
    /// The files differ too much for a useful delta; sizes in bytes.
    case tooLarge(delta: Int, file: Int)
    /// Another process is applying the same delta to the same output.
    case busy(FilePath)

    /// A message that ends with what to do.
    public var description: String {
        switch self {
        case .notADelta(let path):
            "\(path): this is not a delta, which begins with \"EPD1\". Give a file that `delta make` wrote."
        case .unknownFormat(let path, let format):
            "\(path): this delta has the format \"\(format)\", which this edgepipe does not know. Update edgepipe."
        case .damaged(let path, let detail):
            "\(path): this delta is damaged: \(detail). Fetch or make it again; the old file is as it was."
        case .otherFile(let path, let expected):
            "\(path): this is not the file that the delta was made from, whose SHA-256 is \(expected). Give that file, or "
                + "fetch the new one whole."
        case .tooLarge(let delta, let file):
            "the delta would take \(decimalSize(delta)) or more of the \(decimalSize(file)) that the new file has. Send the "
                + "file itself."
        case .busy(let path): "\(path): another process is writing this file. Wait until it has finished."
        }
    }
}
