import BinaryIO

/// What a pipeline was when it ran: everything but the files that it reads, so that its builds can be made again.
public struct PipelineRecord: Codable, Hashable, Sendable {
    /// A file that the pipeline file imports.
    public struct Imported: Codable, Hashable, Sendable {
        /// As the pipeline's reader found it: from `folder`, or absolute.
        public var path: String
        /// All of it.
        public var text: String

        /// Every value is as its property describes it.
        public init(path: String, text: String) { (self.path, self.text) = (path, text) }
    }

    /// SHA-256 of the definition, which builds and runs name.
    public var digest: SHA256Digest
    /// The folder of the pipeline file when it last ran, from the root: paths in the file start there.
    public var folder: String
    /// The pipeline file's name.
    public var file: String
    /// The pipeline file itself.
    public var text: String
    /// The files that it imports.
    public var imported: [Imported]
    /// `KEY=VALUE` settings that replaced those of the file.
    public var overrides: [String]
    /// Variables of the environment that the file asks for.
    public var environment: [String: String]
    /// The model's name in a file with several.
    public var model: String?

    /// Every value is as its property describes it.
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
