import Safetensors
import SystemPackage
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
        try SafetensorsFile(path: scratch.write(bytes, to: "model.safetensors"))
    }

    @Test func aSoundFileKeepsTheHeadersOrderAndEachTensorsBytes() throws {
        let file = try open(soundSafetensors)
        let dataStart = soundSafetensors.count - 20
        #expect(file.tensors.map(\.name) == ["b", "a", "empty"])
        #expect(file.tensors.map(\.type) == [.bf16, .f32, .f32])
        #expect(file.tensors.map(\.shape) == [[2, 3], [2], [0, 7]])
        #expect(file.content(of: file.tensors[0]) == Array(soundSafetensors[(dataStart + 8)...]))
        #expect(file.content(of: file.tensors[1]) == Array(soundSafetensors[dataStart..<(dataStart + 8)]))
        #expect(file.content(of: file.tensors[2]).isEmpty)
    }

    @Test func spacesMayPadTheHeaderAndNoTensorsAreAlright() throws {
        #expect(try open(safetensors("{}   ", data: 0)).tensors.isEmpty)
        #expect(try open(safetensors(header(entry("scalar", [], (0, 4))) + "  ", data: 4)).tensors[0].shape == [])
    }

    @Test(arguments: MalformedSafetensors.allCases)
    func aMalformedFileIsRefusedForItsReason(_ malformed: MalformedSafetensors) throws {
        let (bytes, problem) = malformed.example
        let error = #expect(throws: SafetensorsError.self) { _ = try open(bytes) }
        #expect(error?.problem == problem)
        #expect(error?.path == scratch.path.appending("model.safetensors"))
    }

    @Test func everyTruncationIsNoticed() throws {
        for count in 0..<soundSafetensors.count {
            #expect(throws: SafetensorsError.self, "\(count) bytes") {
                _ = try open(Array(soundSafetensors.prefix(count)))
            }
        }
    }

    /// Whatever the damage, the file opens or an error says why not; of one that opens, every byte can be read.
    @Test func damagedFilesNeverTrap() throws {
        var random = SeededRandom.printed()
        var opened = 0
        for _ in 0..<20_000 {
            guard let file = try? open(random.mutate(soundSafetensors)) else { continue }
            opened += 1
            for tensor in file.tensors { _ = file.content(of: tensor) }
        }
        #expect((100..<19_900).contains(opened))
    }
}

extension SafetensorsFile {
    /// A copy of a tensor's bytes.
    func content(of tensor: SafetensorsTensor) -> [UInt8] { withExtendedLifetime(self) { Array(bytes(of: tensor)) } }
}
