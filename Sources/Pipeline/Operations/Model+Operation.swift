import Conversion
import ModelHub
import Work

extension Operations {
    /// Where the model's files are; a model of the Hub is downloaded first where it is not in the cache.
    /// - Parameters:
    ///   - isOffline: takes it from the cache alone.
    ///   - remark: told what somebody should know although all went well.
    package static func locate(
        _ reference: ModelReference,
        isOffline: Bool,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> LocatedModel {
        guard case .hub = reference else { return try HubCache().locate(reference) }
        var settings = try HubSettings()
        settings.isOffline = settings.isOffline || isOffline
        return try Hub(settings).locate(reference, progress: progress, remark: remark)
    }

    /// The model that somebody named on the command line.
    package static func folder(
        of model: String,
        isOffline: Bool,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> HuggingFaceFolder {
        let found = try locate(try ModelReference(model), isOffline: isOffline, remark: remark, progress: progress)
        return try HuggingFaceFolder(path: found.folder, repository: found.origin?.repository)
    }
}
