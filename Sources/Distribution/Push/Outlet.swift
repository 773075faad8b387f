import BinaryIO
import SystemPackage
import Transfer

/// One repository that blobs are sent to.
struct Outlet: Sendable {
    let client: OCIClient
    let known: KnownBlobs
    /// Where uploads are remembered.
    let folder: FilePath
    let chunkBytes: Int
    let meter: TransferMeter

    /// A large blob.
    /// - Parameter label: what its progress counts under.
    func send(_ source: any BlobSource, label: String) async throws -> BlobUpload.Outcome {
        let upload = BlobUpload(
            client: client,
            source: source,
            chunkBytes: chunkBytes,
            memory: UploadMemory(folder, client, source.digest),
            progress: { [meter] in meter.update(label, $0) }
        )
        let outcome = try await upload.run(mounting: known.repositories(with: source.digest))
        known.note(source.digest, in: client.repository)
        return outcome
    }
}
