import BinaryIO
import SystemPackage
import Transfer

/// A repository that blobs are uploaded to.
struct Outlet: Sendable {
    let client: OCIClient
    let known: KnownBlobs
    /// The folder for the states of uploads.
    let folder: FilePath
    let chunkBytes: Int
    let meter: TransferMeter

    /// Uploads a large blob.
    /// - Parameter label: the label of its progress.
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
