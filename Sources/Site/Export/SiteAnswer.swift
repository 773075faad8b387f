import Answers
import BinaryIO
import Registry

/// Where a build's file can be downloaded from a static site. Addresses are relative to their document, as RFC 3986
/// resolves them, or absolute if the site's address is known.
struct DownloadFields: Encodable {
    /// The file, which hosts serve by range.
    var url: String
    /// The list of the file's parts, for a client that has an older file.
    var parts: String
    /// Size in bytes.
    var size: Int
    /// SHA-256, in hexadecimal digits.
    var sha256: SHA256Digest
}

/// A record with the address of the build's file under the key `download`; null if the site has no files.
struct Downloadable<Record: Encodable>: Encodable {
    let record: Record
    let download: DownloadFields?

    private enum CodingKeys: String, CodingKey { case download }

    func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(download, forKey: .download)
    }
}

/// The JSON output of `edgepipe query`, with downloads.
struct SiteAnswer: Encodable {
    let answer: QueryAnswer
    let download: (SHA256Digest, Int) -> DownloadFields?

    private enum CodingKeys: String, CodingKey { case best, alternatives, refused, omitted, hint }

    private func with(_ build: BuildSummary) -> Downloadable<BuildSummary> {
        Downloadable(record: build, download: download(build.sha256, build.fileBytes))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(answer.best.map(with), forKey: .best)
        try container.encode(answer.alternatives.map(with), forKey: .alternatives)
        try container.encode(answer.refused, forKey: .refused)
        try container.encodeIfPresent(answer.hint, forKey: .hint)
        if answer.omitted > 0 { try container.encode(answer.omitted, forKey: .omitted) }
    }
}
