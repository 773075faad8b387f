import DeviceFit
import GGUF
import Quantization
import SystemPackage

extension Operations {
    /// Reads a size such as `3GB` or `512MiB`.
    public static func byteCount(_ text: String) throws -> Int { try ByteSize(text).bytes }

    public static func devices() throws -> [Device] { try DeviceCatalogue().devices }

    /// - Throws: `DeviceFitError.unknownDevice`, with near names.
    public static func device(_ id: String) throws -> Device { try DeviceCatalogue().device(id) }

    /// Memory, speed, heat and battery of a model on phones, from its header.
    /// - Parameter devices: ids; all of the catalogue where there are none.
    public static func fit(
        _ model: FilePath,
        devices: [String],
        context: Int?,
        kvType: String,
        batch: Int
    ) throws -> [FitEstimate] {
        let catalogue = try DeviceCatalogue()
        let file = try GGUFFile(path: model)
        let fileType = try file.reading { try $0.integer("general.file_type") }
        let quantType = fileType.flatMap { UInt32(exactly: $0) }.flatMap(FileType.init(rawValue:))?.name ?? "unknown"
        let profile = try ModelProfile(file, quantType: quantType)
        if let context, context > profile.contextLength {
            throw PipelineError.badRequest(
                "the model was trained for \(profile.contextLength) tokens of context; \(context) were asked for. "
                    + "Give --context \(profile.contextLength) or less."
            )
        }
        let request = FitRequest(
            context: context ?? min(4096, profile.contextLength),
            kvType: kvType,
            batch: batch
        )
        let chosen = devices.isEmpty ? catalogue.devices : try devices.map { try catalogue.device($0) }
        let estimator = FitEstimator(catalogue: catalogue)
        return try chosen.map { try estimator.estimate(profile, on: $0, request) }
    }
}

extension BuildQuery {
    /// Takes the options of a command line.
    /// - Throws: `DeviceFitError` for sizes that cannot be read, `PipelineError.badRequest` for an unknown platform.
    public init(ram: String?, platform: String?, maxSize: String?) throws {
        self.init()
        self.ram = try ram.map { try ByteSize($0) }
        self.maxSize = try maxSize.map { try ByteSize($0) }
        self.platform = try platform.map { name in
            guard let platform = Platform(rawValue: name.lowercased()) else {
                let known = Platform.allCases.map { $0.rawValue }
                throw PipelineError.badRequest(
                    "'\(name)' is no platform. \(Spelling.advice(for: name, among: known))"
                )
            }
            return platform
        }
    }
}
