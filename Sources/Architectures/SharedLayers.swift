import GGUF

/// The layers that use the keys and values of an earlier one: the last layers of a model, as many as the file gives.
///
/// Source: llama.cpp's cache for Gemma 4 (`llama-model.cpp`). A layer without a window uses the last layer that has its
/// own; a layer with a window uses the layer before that one.
struct SharedLayers {
    /// The source of each layer's keys and values; nil for its own.
    let sources: [Int?]

    private static let key = "attention.shared_kv_layers"

    /// - Throws: `ShapeProblem` if too few layers have their own, or if the source has another kind of window.
    init(_ keys: ShapeReader, _ family: Family, windows: [Int?]) throws {
        var count = family.sharesLayers ? try keys.whole(Self.key, from: 0) ?? 0 : 0
        if let first = family.firstSharing { count = max(0, windows.count - first) }
        guard count > 0 else {
            sources = windows.map { _ in nil }
            return
        }
        let first = windows.count - count
        guard first >= 2 else {
            throw keys.bad(Self.key, count, "at most \(max(0, windows.count - 2)) of \(windows.count) layers")
        }
        sources = windows.indices.map { $0 < first ? nil : first - (windows[$0] == nil ? 1 : 2) }
        for (layer, source) in sources.enumerated() where source.map({ windows[$0] != windows[layer] }) ?? false {
            let place = "layer \(layer) would read the keys of layer \(source ?? 0), which sees other positions"
            throw keys.bad(Self.key, "\(count): \(place)", "layers that read one of their kind")
        }
    }
}
