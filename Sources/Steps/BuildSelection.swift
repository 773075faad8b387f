import BinaryIO
import Pipeline
import Quantization

extension PipelineDefinition {
    /// The types of the builds that its steps quantize, each once.
    public var buildTypes: [String] {
        var known: Set<String> = []
        let types = steps.compactMap { $0.settings as? QuantizeSettings }.flatMap(\.types)
        return types.map(\.tag).filter { known.insert($0).inserted }
    }

    /// Returns the pipeline reduced to some builds. Steps that make none of them are removed, as are the steps that
    /// depend on those.
    /// - Parameter types: the types of the wanted builds; empty for all.
    /// - Throws: `StepsError.badRequest` for a type that the pipeline does not build.
    public func building(only types: [String]) throws -> PipelineDefinition {
        guard !types.isEmpty else { return self }
        let known = buildTypes
        let wanted = Set(types.map { FileType(name: $0)?.tag ?? $0.lowercased() })
        for type in wanted.sorted() where !known.contains(type) {
            throw StepsError.badRequest(
                "the pipeline '\(name)' makes no build '\(type)'. \(Spelling.advice(for: type, among: known))"
            )
        }
        var dropped: Set<String> = []
        return compactMapSettings { step in
            var isNeeded = !step.settings.needs.contains(where: dropped.contains)
            var settings = step.settings
            if var quantize = settings as? QuantizeSettings {
                quantize.types.removeAll { !wanted.contains($0.tag) }
                quantize.recipes = quantize.recipes.filter { wanted.contains($0.key) }
                isNeeded = isNeeded && !quantize.types.isEmpty
                settings = quantize
            } else if var validate = settings as? ValidateSettings {
                // Gates of builds that are only converted are named by their precision.
                validate.gates = validate.gates.filter { wanted.contains($0.key) || !known.contains($0.key) }
                settings = validate
            } else if var fit = settings as? FitSettings {
                fit.gates = fit.gates.filter { wanted.contains($0.key) || !known.contains($0.key) }
                settings = fit
            }
            if !isNeeded { dropped.insert(step.id) }
            return isNeeded ? settings : nil
        }
    }
}
