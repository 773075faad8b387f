import BinaryIO
import Pipeline
import Quantization

extension PipelineDefinition {
    /// The builds that its steps quantize, each once, by type.
    public var buildTypes: [String] {
        var known: Set<String> = []
        let types = steps.compactMap { $0.settings as? QuantizeSettings }.flatMap(\.types)
        return types.map(\.tag).filter { known.insert($0).inserted }
    }

    /// The same with fewer builds. Steps that make none of them are left out, with those that need them.
    /// - Parameter types: of the builds that are wanted; all where there are none.
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
                // Gates of what is converted only have its precision for a name.
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
