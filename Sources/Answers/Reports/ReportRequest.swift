import BinaryIO
import Briefs
import DeviceFit
import Registry
import SystemPackage
import Work

/// What a report is asked for.
public struct ReportRequest: Sendable {
    /// What a report is written as.
    public enum Format: String, Sendable, CaseIterable { case html, md }

    /// `model`, `model@version` or `model@channel`; with `:type`, memory and tensors are shown for that build.
    public var model: String
    /// Ids; none takes the devices that the registry has fits for.
    public var devices: [String] = []
    /// Tokens; nil takes what the fits in the registry are for.
    public var context: Int?
    /// Element type of the key-value cache.
    public var kvType = "f16"
    /// Of the report.
    public var language = Language.english
    /// Nil takes Markdown where the output's name ends in `.md`, else HTML.
    public var format: Format?

    /// Asks for the report of a model's newest version, in English.
    public init(model: String) { self.model = model }
}

/// What was written.
public struct ReportSummary: Codable, Sendable {
    /// The model's name.
    public var model: String
    /// The version that was chosen.
    public var version: String
    /// The path of the file.
    public var output: String
    /// How many builds the report compares.
    public var builds: Int
    /// Size of the report.
    public var bytes: Int
}

extension RegistrySession {
    /// The report of one version. The same registry and the same request give the same report.
    /// - Throws: `RegistryError`, `DeviceFitError` for an unknown device, `FileError`.
    public func report(_ request: ReportRequest, progress: @escaping WorkProgress) throws -> ModelReport {
        try ReportMaterial(self, request).report(progress)
    }

    /// Writes the report of one version to a file.
    /// - Throws: as `report(_:progress:)`; `OutputError` where the output is the registry.
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
