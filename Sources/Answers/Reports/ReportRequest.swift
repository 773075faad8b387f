import BinaryIO
import Briefs
import DeviceFit
import Registry
import SystemPackage
import Work

/// The request for a report.
public struct ReportRequest: Sendable {
    /// The format of a report.
    public enum Format: String, Sendable, CaseIterable { case html, md }

    /// The model as `model`, `model@version` or `model@channel`; with `:type`, memory and tensors are shown for that
    /// build.
    public var model: String
    /// The ids of devices; empty for those that the registry has fits for.
    public var devices: [String] = []
    /// The context length in tokens; nil for that of the fits in the registry.
    public var context: Int?
    /// The element type of the key-value cache.
    public var kvType = "f16"
    /// The language of the report.
    public var language = Language.english
    /// The format; nil for Markdown if the output's name ends in `.md`, otherwise HTML.
    public var format: Format?

    /// Requests the report of a model's newest version, in English.
    public init(model: String) { self.model = model }
}

/// The result of writing a report.
public struct ReportSummary: Codable, Sendable {
    /// The model's name.
    public var model: String
    /// The version of the report.
    public var version: String
    /// The path of the file.
    public var output: String
    /// The number of builds that the report compares.
    public var builds: Int
    /// The size of the report.
    public var bytes: Int
}

extension RegistrySession {
    /// Creates the report of one version. Equal registries and requests give equal reports.
    /// - Throws: `RegistryError`, `DeviceFitError` for an unknown device, `FileError`.
    public func report(_ request: ReportRequest, progress: @escaping WorkProgress) throws -> ModelReport {
        try ReportMaterial(self, request).report(progress)
    }

    /// Writes the report of one version to a file.
    /// - Throws: as `report(_:progress:)`; `OutputError` if the output is the registry.
    @discardableResult
    public func writeReport(
        _ request: ReportRequest,
        to output: FilePath,
        progress: @escaping WorkProgress
    ) throws -> ReportSummary {
        try checkOutput(output, replacing: [path])
        let report = try report(request, progress: progress)
        let isMarkdown = request.format.map { $0 == .md } ?? (output.extension?.lowercased() == "md")
        let text = isMarkdown ? report.markdown(request.language) : report.html(request.language)
        try writeFile(Array(text.utf8), to: output)
        return ReportSummary(
            model: report.model,
            version: report.version,
            output: output.string,
            builds: report.builds.count,
            bytes: text.utf8.count
        )
    }
}
