import BinaryIO
import Conversion
import Foundation
import ModelHub
import Pipeline
import SystemPackage
import Work

/// The outline of a model that is only on the Hub: everything except its weights.
struct OutlinedSource {
    let source: LocatedSource
    /// The number of bytes that a run would download.
    let bytes: Int

    /// Calls the body with a definition's model, or with nil if the Hub may not be accessed. Downloaded files are
    /// removed afterwards.
    static func with<Value>(
        _ definition: PipelineDefinition,
        isOffline: Bool,
        _ body: (OutlinedSource?) throws -> Value
    ) throws -> Value {
        var settings = try HubSettings()
        settings.isOffline = settings.isOffline || isOffline
        if settings.isOffline { return try body(nil) }
        let folder = FilePath(NSTemporaryDirectory()).appending("edgepipe-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let hub = Hub(settings)
        var bytes = 0
        var count = 0
        let source = try LocatedSource(definition) { reference in
            if let model = try? settings.cache.locate(reference) { return model }
            count += 1
            let outline = try hub.outline(reference, in: folder.appending("\(count)")) { _, _, _ in
                try Interruption.check()
            }
            bytes += outline.downloadBytes
            return outline.model
        }
        return try body(OutlinedSource(source: source, bytes: bytes))
    }
}
