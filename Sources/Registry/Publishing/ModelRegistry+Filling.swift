import BinaryIO
import GRDB

extension ModelRegistry {
    /// Writes the rows of publications as `publish` would, without storing bytes, to test how a registry of very many
    /// builds behaves. Queries find such builds but they cannot be pulled, so this is not public.
    /// - Parameter bytes: digest and length of the file that a draft represents.
    package func fill(
        _ publications: some Sequence<Publication>,
        bytes: (BuildDraft) -> (digest: SHA256Digest, byteCount: Int)
    ) throws {
        // A query fails if builds exist and the folder of objects does not.
        try store.makeFolder(store.packs)
        try change { database in
            for publication in publications {
                try publication.validate()
                let versionID = try Rows.version(publication.version, of: publication.model, database)
                for draft in publication.builds {
                    let (digest, count) = bytes(draft)
                    let object = StoredObject(digest: digest, encoding: .raw, rawBytes: count, storedBytes: count)
                    let name = try BuildName(
                        model: publication.model,
                        version: publication.version,
                        type: draft.type
                    )
                    try Seals.keeping([.build(digest), .place(digest)], database) {
                        try Rows.upsert(object, database)
                        _ = try Self.insert(
                            NamedDraft(name: name, draft: draft, hashed: nil),
                            digest,
                            versionID: versionID,
                            publication.toolVersion,
                            database
                        )
                    }
                }
                if let channel = publication.channel {
                    try Seals.keeping([.channels(publication.model)], database) {
                        try Self.moveChannel(
                            channel,
                            model: publication.model,
                            to: publication.version,
                            because: MoveReason(who: publication.publisher, why: "published"),
                            database
                        )
                    }
                }
            }
        }
    }
}
