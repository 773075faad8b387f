import BinaryIO

/// A pipeline's definition when it ran: everything except the files that it reads, so that its builds can be
/// reproduced.
public struct PipelineRecord: Codable, Hashable, Sendable {
    /// A file that the pipeline file imports.
    public struct Imported: Codable, Hashable, Sendable {
        /// The path as the pipeline's reader found it: relative to `folder`, or absolute.
        public var path: String
        /// The whole text of the file.
        public var text: String

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(path: String, text: String) { (self.path, self.text) = (path, text) }
    }

    /// SHA-256 of the definition, which builds and runs refer to.
    public var digest: SHA256Digest
    /// The absolute path of the pipeline file's folder when it last ran; paths in the file are relative to it.
    public var folder: String
    /// The pipeline file's name.
    public var file: String
    /// The pipeline file itself.
    public var text: String
    /// The files that the pipeline file imports.
    public var imported: [Imported]
    /// The `KEY=VALUE` settings that replaced those of the file.
    public var overrides: [String]
    /// The environment variables that the file refers to.
    public var environment: [String: String]
    /// The model's name, in a file with several.
    public var model: String?

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        digest: SHA256Digest,
        folder: String,
        file: String,
        text: String,
        imported: [Imported],
        overrides: [String],
        environment: [String: String],
        model: String?
    ) {
        (self.digest, self.folder, self.file, self.text) = (digest, folder, file, text)
        (self.imported, self.overrides, self.environment, self.model) = (imported, overrides, environment, model)
    }
}
