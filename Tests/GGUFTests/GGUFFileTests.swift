import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct GGUFFileTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func open(_ bytes: [UInt8]) throws -> GGUFFile { try GGUFFile(path: scratch.write(bytes, to: "a.gguf")) }

    @Test(arguments: [2, 3] as [UInt32])
    func aSoundFileOpensAndTellsWhatItHolds(_ version: UInt32) throws {
        var builder = GGUFBuilder.sound
        builder.version = version
        let bytes = builder.file
        let file = try open(bytes)
        #expect(file.version == version && file.alignment == 32 && file.byteCount == bytes.count)
        #expect(file.tensors.map(\.name) == ["a.weight", "b.weight", "c.bias"])
        #expect(file.tensors.map(\.type) == [.f32, .q4_0, .f16])
        #expect(file.tensors.map(\.shape.dimensions) == [[4, 2], [32, 2], [3]])
        #expect(file.tensors.map(\.byteCount) == [32, 36, 6])
        let dataStart = bytes.count - 102
        #expect(file.offsets == [dataStart, dataStart + 32, dataStart + 96])
        #expect(try file.metadata.strings("test.words") == ["one", "zwölf"])
        #expect(file.metadata["test.numbers"] == .array(.uint64([.max])))
        #expect(file.tensor(named: "d") == nil)
        let tensor = try #require(file.tensor(named: "b.weight"))
        #expect(file.content(of: tensor) == Array(bytes[(dataStart + 32)..<(dataStart + 68)]))
        file.releaseRows(0..<2, of: tensor)
        #expect(file.content(of: tensor) == Array(bytes[(dataStart + 32)..<(dataStart + 68)]))
    }

    @Test(arguments: MalformedGGUF.allCases)
    func aMalformedFileIsRefusedForItsReason(_ malformed: MalformedGGUF) throws {
        let (bytes, problem) = malformed.example
        let error = #expect(throws: GGUFError.self) { _ = try open(bytes) }
        #expect(error?.problem == problem)
    }

    /// A download that stopped anywhere is noticed: the last tensor's bytes are the last ones that matter.
    @Test func everyTruncationIsNoticed() throws {
        let bytes = GGUFBuilder.sound.file
        for count in 0..<bytes.count {
            let error = #expect(throws: GGUFError.self) { _ = try open(Array(bytes.prefix(count))) }
            let isExpected =
                switch error?.problem {
                case .notGGUF: count < 4
                case .truncated, .countBeyondFile: count >= 4 && count < GGUFBuilder.sound.header.count
                case .tensorBeyondFile(_, _, count): count >= GGUFBuilder.sound.header.count
                default: false
                }
            #expect(isExpected, "\(count) bytes: \(error as Any)")
        }
        #expect(throws: Never.self) { _ = try open(bytes) }
    }

    /// Whatever the damage, the file opens or an error says why not; of one that opens, every byte can be read.
    @Test func damagedFilesNeverTrap() throws {
        var random = SeededRandom.printed()
        let sound = GGUFBuilder.sound.file
        var opened = 0
        for _ in 0..<20_000 {
            guard let file = try? open(random.mutate(sound)) else { continue }
            opened += 1
            for tensor in file.tensors { _ = file.content(of: tensor) }
        }
        // Damage to data or to texts goes unseen, damage to the structure does not.
        #expect((100..<19_900).contains(opened))
    }

    @Test func anErrorNamesTheFileAndTheByte() throws {
        var builder = GGUFBuilder()
        builder.addPair("flag", type: 7) { $0.append(UInt8(3)) }
        builder.dataByteCount = 1
        let error = #expect(throws: GGUFError.self) { _ = try open(builder.file) }
        #expect(error?.offset == 24 + 8 + 4 + 4)
        let path = scratch.path.appending("a.gguf")
        #expect(
            error?.description == "\(path):byte 40: a boolean holds 3; only 0 and 1 are allowed. "
                + "Fetch or make the file again."
        )
    }

    @Test func problemsFoundLaterAreGivenTheFilesName() throws {
        let file = try open(GGUFBuilder.sound.file)
        let error = #expect(throws: GGUFError.self) {
            _ = try file.reading { try $0.string("test.absent").required("test.absent") }
        }
        #expect(error?.path == file.path && error?.problem == .missingKey("test.absent"))
        #expect(try file.reading { try $0.integer("test.block_count") } == 2)
    }
}

extension GGUFFile {
    /// A copy of a tensor's bytes.
    func content(of tensor: GGUFTensor) -> [UInt8] { withExtendedLifetime(self) { Array(bytes(of: tensor)) } }
}
