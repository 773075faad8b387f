import BinaryIO
import Briefs
import DeviceFit
import Registry
import SystemPackage

/// The request for MLC files.
public struct MLCRequest: Sendable {
    /// Models as `model[@version][:type]`; without a type, figures are taken from the build that fits and has the
    /// nearest number of bits.
    public var models: [String]
    /// The ids of devices, all of one platform.
    public var devices: [String]
    /// MLC's name of the quantization that it compiles.
    public var quantization = "q4f16_1"
    /// The Hugging Face account from which the app downloads the converted models; nil for bundled folders.
    public var hub: String?
    /// The context length in tokens; nil for 4096, or the model's training context if that is shorter.
    public var context: Int?
    /// The number of tokens processed at once during prefill; MLC's own apps use 128.
    public var prefill = 128

    /// Creates a request with MLC's usual quantization and context.
    public init(models: [String], devices: [String]) { (self.models, self.devices) = (models, devices) }
}

/// The files written for another program.
public struct ExportSummary: Codable, Sendable {
    /// The folder with the files.
    public var folder: String
    /// The paths of the files.
    public var files: [String]
    /// The selected builds.
    public var builds: [String]
}

extension RegistrySession {
    /// Writes `mlc-package-config.json` and notes on its numbers to a folder.
    /// - Throws: `NothingFits`, or `AnswersError.badRequest` if the devices are of two platforms.
    @discardableResult
    public func exportMLC(_ request: MLCRequest, to folder: FilePath) throws -> ExportSummary {
        let catalogue = try catalogue()
        let devices = try request.devices.map { try catalogue.device($0) }
        guard let platform = devices.first?.platform, devices.allSatisfy({ $0.platform == platform }) else {
            throw AnswersError.badRequest(
                "MLC packages for one system at a time. Name one or more devices of it with \(setting: "device")."
            )
        }
        guard MLCPackage.bitsPerWeight(of: request.quantization) != nil else {
            throw AnswersError.badRequest(
                "'\(request.quantization)' is not a known MLC quantization. Write one like q4f16_1 with "
                    + "\(setting: "quantization")."
            )
        }
        let estimator = FitEstimator(catalogue: catalogue)
        let models = try request.models.map { try model($0, request, devices, estimator) }
        let package = MLCPackage(platform: platform, models: models)
        try makeFolder(folder)
        let files = [
            (folder.appending("mlc-package-config.json"), package.json),
            (folder.appending("mlc-package-config.md"), package.notes),
        ]
        for (path, text) in files { try writeFile(Array(text.utf8), to: path) }
        return ExportSummary(
            folder: folder.string,
            files: files.map { $0.0.string },
            builds: models.map(\.build)
        )
    }

    private func model(
        _ name: String,
        _ request: MLCRequest,
        _ devices: [Device],
        _ estimator: FitEstimator
    ) throws -> MLCPackage.Model {
        let choice = try VersionChoice(name, in: self)
        var query = BuildQuery()
        (query.devices, query.context) = (request.devices, request.context)
        // Of the builds that fit, the one whose bits are nearest to MLC's quantization represents it best.
        let bits = MLCPackage.bitsPerWeight(of: request.quantization) ?? 4.5
        let build =
            try choice.named
            ?? choice.fitting(query, in: self).min {
                abs($0.facts.bitsPerWeight - bits) < abs($1.facts.bitsPerWeight - bits)
            } ?? choice.builds[0]
        guard let profile = profile(build.facts.profile) else {
            throw AnswersError.badRequest("\(build.name) has no shape in the registry. Publish it again.")
        }
        let fit = FitRequest(for: profile, context: request.context, batch: request.prefill)
        let estimates = try devices.map { try estimator.estimate(profile, on: $0, fit) }
        guard let hardest = estimates.max(by: { $0.memory.total.high < $1.memory.total.high }) else {
            preconditionFailure("there is a device")
        }
        let id = "\(build.name.model)-\(request.quantization)"
        return MLCPackage.Model(
            build: "\(build.name)",
            bitsPerWeight: build.facts.bitsPerWeight,
            source: build.facts.sourceURI,
            quantization: request.quantization,
            location: request.hub.map { "HF://\($0)/\(id)-MLC" } ?? "dist/models/\(id)-MLC",
            id: id,
            estimate: hardest
        )
    }
}
