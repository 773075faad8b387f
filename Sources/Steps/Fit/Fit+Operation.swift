import BinaryIO
import DeviceFit
import Foundation
import GGUF
import Quantization
import SystemPackage

extension Operations {
    /// Reads a size such as `3GB` or `512MiB`.
    public static func byteCount(_ text: String) throws -> Int { try ByteSize(ofModel: text).bytes }

    /// Estimates memory, speed, heat and battery of a model on phones from its header.
    /// - Parameters:
    ///   - devices: ids; empty for the whole catalogue.
    ///   - projector: the file of the vision projector, if that is loaded too.
    ///   - remark: called with the cost of an image.
    public static func fit(
        _ model: FilePath,
        devices: [String],
        system: String? = nil,
        context: Int?,
        kvType: String,
        batch: Int,
        projector: FilePath? = nil,
        remark: (String) -> Void = { _ in }
    ) throws -> [FitEstimate] {
        let catalogue = try DeviceCatalogue.configured()
        let file = try GGUFFile(path: model)
        let fileType = try file.reading { try $0.integer("general.file_type") }
        let quantType = fileType.flatMap { UInt32(exactly: $0) }.flatMap(FileType.init(rawValue:))?.name ?? "unknown"
        let profile = try ModelProfile(loadable: file, quantType: quantType)
        if let context, context > profile.contextLength {
            throw StepsError.badRequest(
                "the model was trained for \(profile.contextLength) tokens of context; \(context) were asked for. "
                    + "Give \(setting: "context", "\(profile.contextLength)") or less."
            )
        }
        var request = FitRequest(for: profile, context: context, kvType: kvType, batch: batch)
        if let projector {
            let part = try ProjectorProfile(GGUFFile(path: projector), beside: profile, of: model)
            request.projectorBytes = part.memoryBytes
            remark("The projector takes \(part.memoryRemark)\(part.imageCost.map { "; \($0)" } ?? "").")
        }
        let named = try catalogue.devices(devices, running: system)
        let chosen = devices.isEmpty ? catalogue.devices : named
        let estimator = FitEstimator(catalogue: catalogue)
        return try chosen.map { try estimator.estimate(profile, on: $0, request) }
    }
}
