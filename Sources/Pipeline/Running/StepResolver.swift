import BinaryIO
import Conversion
import ModelHub
import Registry
import SystemPackage
import Work

/// Turns the steps of a definition into stages, as the products of earlier steps become known.
struct StepResolver {
    private struct Finished {
        let step: PipelineDefinition.Step
        let product: StepProduct
        let stage: any Stage
    }

    let definition: PipelineDefinition
    let cache: StepCache
    let source: SourceCheckpoint
    private var finished: [Finished] = []

    /// Takes the digest of the model's files.
    init(_ definition: PipelineDefinition, _ located: LocatedSource, _ cache: StepCache) throws {
        self.definition = definition
        self.cache = cache
        func lines(_ paths: [FilePath], _ prefix: String = "") throws -> [String] {
            try paths.map { path in
                try Interruption.check()
                return "\(prefix)\(path.lastComponent?.string ?? "") \(try cache.digest(of: path))\n"
            }
        }
        let (model, adapters) = (located.model, located.adapters)
        let inputs = try lines(SourceCheckpoint.inputs(model.folder))
        // In their order: of several adapters that replace a tensor, the last one counts.
        let changes = try adapters.enumerated().flatMap { index, adapter in
            try lines(adapter.inputs, "adapter \(index) by \(adapter.scale): ")
        }
        source = SourceCheckpoint(
            uri: model.origin?.description ?? definition.source,
            path: model.folder,
            repository: model.origin?.repository,
            adapters: adapters,
            digest: SHA256Digest(of: (inputs.sorted() + changes).joined().utf8)
        )
    }

    mutating func finish(_ step: PipelineDefinition.Step, _ product: StepProduct, _ stage: any Stage) {
        finished.append(Finished(step: step, product: product, stage: stage))
    }

    /// The stage of a step, or nil while a step that it needs has no product yet.
    func stage(for step: PipelineDefinition.Step) throws -> (any Stage)? {
        guard step.action.needs.allSatisfy({ id in finished.contains { $0.step.id == id } }) else { return nil }
        switch step.action {
        case .convert(let options):
            return try ConvertStage(source, options)
        case .imatrix(let options):
            let text = path(options.text)
            let digest = try cache.digest(of: text)
            return files(of: options.model).first.map {
                ImatrixStage(id: step.id, model: $0, options: options, text: text, textDigest: digest)
            }
        case .quantize(let options):
            let matrix = try options.imatrix.flatMap(matrix)
            return model(of: options.model).map { QuantizeStage(model: $0, matrix: matrix, options: options) }
        case .validate(let options):
            let text = path(options.text)
            return ValidateStage(
                builds: files(of: options.builds),
                base: options.against.flatMap { files(of: $0).first },
                options: options,
                text: text,
                textDigest: try cache.digest(of: text),
                tasks: try options.tasks.map { name in
                    let path = path(name)
                    return ValidateStage.Tasks(path: path, digest: try cache.digest(of: path))
                }
            )
        case .fit(let options):
            return FitStage(builds: files(of: options.builds), options: options)
        case .publish(let options):
            return publishStage(options)
        }
    }

    /// What was measured and estimated for the same builds in any step before is published with them.
    private func publishStage(_ options: PublishOptions) -> PublishStage {
        let builds = files(of: options.builds)
        let digests = Set(builds.map { $0.digest })
        var evaluations: [EvaluatedBuild] = []
        var fits: [FittedBuild] = []
        var measuredBy: [String: SHA256Digest] = [:]
        for entry in finished {
            switch entry.product {
            case .evaluations(let products): evaluations += products.filter { digests.contains($0.digest) }
            case .fits(let products): fits += products.filter { digests.contains($0.digest) }
            case .files, .matrix, .registrations: continue
            }
            measuredBy[entry.step.id] = entry.stage.key.digest
        }
        return PublishStage(
            definition: definition,
            source: source,
            registry: cache.registry,
            builds: builds,
            evaluations: evaluations,
            fits: fits,
            lineage: lineage(),
            measuredBy: measuredBy,
            options: options
        )
    }

    private func matrix(_ reference: MatrixReference) throws -> QuantizeStage.Matrix? {
        switch reference {
        case .file(let name):
            let path = path(name)
            return QuantizeStage.Matrix(name: name, path: path, digest: try cache.digest(of: path))
        case .step(let id):
            return finished.first { $0.step.id == id }?.product.matrix.map {
                QuantizeStage.Matrix(name: ImatrixStage.name(of: id), path: $0.path, digest: $0.digest)
            }
        }
    }

    private func path(_ text: String) -> FilePath { definition.path(text) }

    /// The model of a `convert` step: the file that it made, or the conversion itself.
    private func model(of id: String) -> QuantizeStage.Model? {
        if let file = files(of: id).first { return .file(file) }
        return (finished.first { $0.step.id == id }?.stage as? ConvertStage).map(QuantizeStage.Model.converted)
    }

    private func files(of id: String) -> [BuildFile] {
        finished.first { $0.step.id == id }?.product.files ?? []
    }

    /// From the source's digest over each step to each file it made.
    private func lineage() -> [LineageEdge] {
        finished.flatMap { entry -> [LineageEdge] in
            let origins: [SHA256Digest] =
                switch entry.step.action {
                case .convert: [source.digest]
                case .imatrix(let options): files(of: options.model).map { $0.digest }
                case .quantize(let options):
                    // Where no file is kept, it is made of the source.
                    [files(of: options.model).first?.digest ?? source.digest] + matrixDigest(of: options)
                case .validate, .fit, .publish: []
                }
            let made = (entry.product.files ?? []).map { $0.digest } + (entry.product.matrix.map { [$0.digest] } ?? [])
            return origins.flatMap { origin in
                made.map { file in
                    LineageEdge(
                        from: origin,
                        stepKind: entry.step.action.kind.rawValue,
                        to: file,
                        optionsDigest: entry.stage.key.optionsDigest
                    )
                }
            }
        }
    }

    /// The digest of the matrix that a step of this pipeline made for a quantization.
    private func matrixDigest(of options: QuantizeOptions) -> [SHA256Digest] {
        let step = finished.first { $0.step.id == options.imatrix?.step }
        return (step?.product.matrix).map { [$0.digest] } ?? []
    }
}
