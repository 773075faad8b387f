import GGUF
import SystemPackage
import Tensors

/// Cuts a model into several files, as those that are too large for one are shipped.
public enum SplitModel {
    /// - Parameters:
    ///   - prefix: the files get `-00001-of-0000N.gguf` behind it.
    ///   - count: how many; the tensors are dealt out in runs of the same length.
    /// - Returns: the files in order.
    @discardableResult
    public static func write(_ source: FilePath, to prefix: FilePath, count: Int) throws -> [FilePath] {
        try write(try GGUFFile(path: source), to: prefix, count: count)
    }

    public static func write(_ source: GGUFFile, to prefix: FilePath, count: Int) throws -> [FilePath] {
        let share = (source.tensors.count + count - 1) / count
        return try (0..<count).map { shard in
            let tensors = Array(source.tensors.dropFirst(shard * share).prefix(share))
            var metadata = shard == 0 ? source.metadata : Metadata()
            metadata.set("split.no", .uint16(UInt16(shard)))
            metadata.set("split.count", .uint16(UInt16(count)))
            metadata.set("split.tensors.count", .int32(Int32(source.tensors.count)))
            let path = GGUFModel.shardPath(prefix, shard, of: count)
            let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: tensors))
            for (index, tensor) in tensors.enumerated() {
                try withExtendedLifetime(source) { try writer.write(source.bytes(of: tensor), tensor: index, at: 0) }
            }
            try writer.commit()
            return path
        }
    }
}
