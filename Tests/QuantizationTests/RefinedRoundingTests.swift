import BinaryIO
import Conversion
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct RefinedRoundingTests {
    private let models: TinyModels
    private let folder: ScratchFolder
    private let source: GGUFModel

    init() throws {
        models = try TinyModels()
        folder = try ScratchFolder()
        source = try GGUFModel(path: models.converted(.f16))
    }

    private func quantize(_ type: FileType, _ rounding: Rounding, threads: Int = 2) throws -> GGUFFile {
        var options = QuantizationOptions()
        options.importanceMatrix = try QuantizedGolden.matrix()
        options.rounding = rounding
        let path = folder.path.appending("\(type.tag)-\(rounding)-\(threads).gguf")
        let plan = try QuantizationPlan(source, as: type, options: options)
        try Quantizer(source: source, outputs: [.init(plan: plan, path: path)]).run(threads: threads)
        return try GGUFFile(path: path)
    }

    /// What loads the one loads the other: only the data of tensors that the matrix weighs differ.
    @Test(arguments: [FileType.q2_K, .q3_K_M, .q4_0, .q4_1, .q4_K_M, .q6_K])
    func layoutAndMetadataAreTheReferences(_ type: FileType) throws {
        let (reference, refined) = (try quantize(type, .reference), try quantize(type, .refined))
        #expect(refined.byteCount == reference.byteCount)
        #expect(refined.metadata == reference.metadata)
        #expect(refined.tensors == reference.tensors)
        for (old, new) in zip(reference.tensors, refined.tensors) {
            let isEqual = withExtendedLifetime((reference, refined)) {
                SHA256Digest(of: reference.bytes(of: old)) == SHA256Digest(of: refined.bytes(of: new))
            }
            // The embedding and the output have no entry in the matrix, and norms are copied.
            #expect(isEqual == !(old.name.hasPrefix("blk.") && old.type.isQuantized), "\(old.name)")
        }
    }

    @Test func typesWithoutEvenLevelsAreTheReferences() throws {
        for type in [FileType.iq4_NL, .q8_0, .tq2_0] {
            let (reference, refined) = (try quantize(type, .reference), try quantize(type, .refined))
            #expect(try SHA256Digest(ofFile: reference.path) == SHA256Digest(ofFile: refined.path), "\(type)")
        }
    }

    @Test func theBytesDoNotDependOnTheThreads() throws {
        let digests = try [1, 2, 7].map { try SHA256Digest(ofFile: quantize(.q4_K_M, .refined, threads: $0).path) }
        #expect(Set(digests).count == 1)
    }

    @Test func withoutAMatrixItIsRefused() throws {
        var options = QuantizationOptions()
        options.rounding = .refined
        let error = #expect(throws: QuantizationError.self) {
            try QuantizationPlan(source, as: .q4_K_M, options: options)
        }
        #expect(error?.problem == .refinementNeedsImportanceMatrix)
    }
}
