import BinaryIO
import Delta
import Foundation
import GGUF
import SystemPackage
import TestSupport
import Testing

/// Two files of one model, the newer one changed where a test wants it.
struct Pair {
    let scratch: ScratchFolder
    var old: FilePath { scratch.appending("old.gguf") }
    var new: FilePath { scratch.appending("new.gguf") }
    var delta: FilePath { scratch.appending("a.delta") }
    var output: FilePath { scratch.appending("out.gguf") }

    init(_ change: (inout SyntheticModel) -> Void = Pair.tuneTheLast) throws {
        scratch = try ScratchFolder()
        var metadata = Metadata()
        metadata.set("general.architecture", .string("llama"))
        metadata.set("tokenizer.chat_template", .string("old template"))
        var model = SyntheticModel(hyperparameters: metadata, vocabulary: Metadata(), seed: 7)
        for index in 0..<6 { model.add("blk.\(index).weight", [256, 200]) }
        try model.write(to: old)
        change(&model)
        try model.write(to: new)
    }

    /// As a tune does it: all weights of one tensor move a little.
    static func tuneTheLast(_ model: inout SyntheticModel) {
        model.tensors[5].values = model.tensors[5].values.map { $0 * 1.0001 }
    }

    var maker: DeltaMaker { DeltaMaker(from: old, to: new, level: 3, threads: 2) }
    var application: DeltaApplication { DeltaApplication(delta, to: old, output: output) }

    func bytes(_ path: FilePath) throws -> [UInt8] { try readFile(path, limit: 1 << 26) }
}

@Suite struct DeltaTests {
    @Test(arguments: ["last", "template", "renamed", "order", "smaller", "same"])
    func whatIsAppliedIsTheNewFile(_ kind: String) throws {
        let pair = try Pair { model in
            switch kind {
            case "last": Pair.tuneTheLast(&model)
            case "template":
                model.metadata.set("tokenizer.chat_template", .string(String(repeating: "a new template ", count: 99)))
            case "renamed": model.tensors[2].name = "blk.2.other"
            case "order": model.tensors.reverse()
            case "smaller": model.tensors.removeLast(2)
            default: break
            }
        }
        let before = try pair.bytes(pair.old)
        let report = try pair.maker.make(to: pair.delta)
        let applied = try pair.application.run()
        #expect(try pair.bytes(pair.output) == pair.bytes(pair.new))
        #expect(try pair.bytes(pair.old) == before)
        #expect(applied.sha256 == (try SHA256Digest(ofFile: pair.new)) && applied.resumedBytes == 0)
        #expect(report.deltaBytes == FileStatus(pair.delta)?.byteCount)
        if kind != "last" { #expect(report.share < 0.01, "tensors are copied") }
        let names = try FileManager.default.contentsOfDirectory(atPath: pair.scratch.path.string)
        #expect(names.sorted() == ["a.delta", "new.gguf", "old.gguf", "out.gguf"])
    }

    @Test func theSameFilesGiveTheSameDeltaForEveryNumberOfThreads() throws {
        let pair = try Pair()
        _ = try pair.maker.make(to: pair.delta)
        let first = try pair.bytes(pair.delta)
        var maker = pair.maker
        maker.threads = 5
        _ = try maker.make(to: pair.delta)
        #expect(try pair.bytes(pair.delta) == first)
        #expect(try maker.plan().deltaBytes == first.count)
    }

    @Test func filesThatDifferTooMuchGetNoDelta() throws {
        let pair = try Pair { model in
            var random = SplitMix64(seed: 99)
            for index in model.tensors.indices {
                model.tensors[index].values = model.tensors[index].values.map { _ in
                    Float(bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0x3fff_ffff)
                }
            }
        }
        #expect(throws: DeltaError.self) { try pair.maker.make(to: pair.delta) }
        #expect(FileStatus(pair.delta) == nil)
        #expect(try pair.maker.plan().isWorthwhile == false)
    }

    /// Cut off after every operation, and once in the middle of one.
    @Test func anApplicationThatWasCutOffResumes() throws {
        let pair = try Pair()
        _ = try pair.maker.make(to: pair.delta)
        struct Cut: Error {}
        let whole = try pair.bytes(pair.new).count
        var last = 0
        for stop in 1...20 {
            var seen = 0
            do {
                let report = try pair.application.run { done, _ in
                    seen += 1
                    if seen == stop, done < whole { throw Cut() }
                }
                #expect(report.resumedBytes == last)
                break
            } catch is Cut {
                #expect(FileStatus(pair.output) == nil)
                let partial = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: pair.scratch.path.string).first {
                        $0.hasSuffix(".delta") && $0.hasPrefix(".")
                    }
                )
                let path = pair.scratch.appending(partial)
                last = FileStatus(path)?.byteCount ?? 0
                if stop == 3 {
                    // What a crash left half written is done again.
                    var bytes = try pair.bytes(path)
                    bytes[bytes.count - 1] ^= 1
                    try Data(bytes).write(to: URL(fileURLWithPath: path.string))
                }
            }
        }
        #expect(try pair.bytes(pair.output) == pair.bytes(pair.new))
    }

    @Test func theOldFileCanBeReplaced() throws {
        let pair = try Pair()
        _ = try pair.maker.make(to: pair.delta)
        _ = try DeltaApplication(pair.delta, to: pair.old, output: pair.old).run()
        #expect(try pair.bytes(pair.old) == pair.bytes(pair.new))
    }

    @Test func anotherFileIsNamed() throws {
        let pair = try Pair()
        _ = try pair.maker.make(to: pair.delta)
        var other = try pair.bytes(pair.old)
        other[other.count - 9] ^= 1
        try Data(other).write(to: URL(fileURLWithPath: pair.old.string))
        let error = #expect(throws: DeltaError.self) { try pair.application.run() }
        #expect(error?.description.contains("is not the file that the delta was made from") == true)
        try Data(other.dropLast()).write(to: URL(fileURLWithPath: pair.old.string))
        #expect(throws: DeltaError.self) { try pair.application.run() }
        #expect(FileStatus(pair.output) == nil)
    }
}

/// Deltas that nobody should believe.
@Suite struct MalformedDeltaTests {
    private let pair: Pair
    private let whole: [UInt8]
    private let directory: DeltaDirectory
    private let frames: [UInt8]

    init() throws {
        pair = try Pair()
        _ = try pair.maker.make(to: pair.delta)
        whole = try pair.bytes(pair.delta)
        let length = whole[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        directory = try JSONDecoder().decode(DeltaDirectory.self, from: Data(whole[8..<(8 + length)]))
        frames = Array(whole[(8 + length)...])
    }

    private func refuse(_ bytes: [UInt8], _ what: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: pair.delta.string))
        #expect(throws: DeltaError.self, "\(what)") { try pair.application.run() }
        #expect(FileStatus(pair.output) == nil, "\(what)")
    }

    private func bytes(_ directory: DeltaDirectory, _ frames: [UInt8]) throws -> [UInt8] {
        let text = try JSONEncoder().encode(directory)
        return Array("EPD1".utf8) + withUnsafeBytes(of: UInt32(text.count).littleEndian, Array.init) + text + frames
    }

    @Test func oneThatIsCutOffAnywhere() throws {
        for count in [0, 1, 3, 4, 7, 8, 9, 100, whole.count - frames.count, whole.count - 1] {
            try refuse(Array(whole.prefix(count)), "\(count) bytes")
        }
        try refuse(whole + [0], "a byte more")
    }

    @Test func oneOfAnotherKind() throws {
        try refuse(Array("GGUF".utf8) + whole.dropFirst(4), "GGUF")
        try refuse(Array("EPD2".utf8) + whole.dropFirst(4), "a later format")
    }

    @Test func oneWithAnyByteOfItsFramesChanged() throws {
        var random = SeededRandom.printed()
        for _ in 0..<60 {
            var changed = whole
            changed[whole.count - 1 - Int.random(in: 0..<frames.count, using: &random)] ^= UInt8(
                1 << Int.random(in: 0..<8, using: &random)
            )
            // A changed byte of a frame may mean the same; then the output is right.
            try Data(changed).write(to: URL(fileURLWithPath: pair.delta.string))
            do {
                _ = try pair.application.run()
                #expect(try pair.bytes(pair.output) == pair.bytes(pair.new))
                try FileManager.default.removeItem(atPath: pair.output.string)
            } catch is DeltaError {
                #expect(FileStatus(pair.output) == nil)
            }
        }
    }

    @Test func oneWhoseDirectoryIsNone() throws {
        for text in [
            "", "{", "[]", "{}", #"{"old":{},"new":{},"operations":[]}"#, String(repeating: "[", count: 100_000),
        ] {
            let head = Array("EPD1".utf8) + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian, Array.init)
            try refuse(head + Array(text.utf8) + frames, text)
        }
        try refuse(Array("EPD1".utf8) + [255, 255, 255, 255] + whole.dropFirst(8), "an endless directory")
    }

    @Test func oneWhoseNumbersLie() throws {
        let changes: [(String, (inout DeltaDirectory) -> Void)] = [
            ("huge operation", { $0.operations[0].bytes = .max }),
            ("negative operation", { $0.operations[0].bytes = -1 }),
            ("empty operation", { $0.operations[0].bytes = 0 }),
            ("huge place", { $0.operations[1].at = .max }),
            ("negative place", { $0.operations[1].at = -1 }),
            ("place at the end", { $0.operations[1].at = $0.old.bytes }),
            ("huge file", { $0.new.bytes = .max }),
            ("smaller file", { $0.new.bytes -= 1 }),
            ("an operation less", { $0.operations.removeLast() }),
            ("an operation twice", { $0.operations.append($0.operations[0]) }),
            ("no operations", { $0.operations = [] }),
            ("huge frame", { $0.operations[$0.operations.count - 1].frame = .max }),
            ("negative frame", { $0.operations[$0.operations.count - 1].frame = -1 }),
            ("shorter frame", { $0.operations[$0.operations.count - 1].frame! -= 1 }),
            ("another file", { $0.new.sha256 = SHA256Digest(of: [1]) }),
            ("another operation", { $0.operations[1].sha256 = SHA256Digest(of: [1]) }),
            ("a place too many", { $0.operations[$0.operations.count - 1].op = .raw }),
            (
                "a huge prefix",
                {
                    $0.operations[1].op = .patch; $0.operations[1].prefix = .max
                }
            ),
        ]
        for (what, change) in changes {
            var lying = directory
            change(&lying)
            try refuse(try bytes(lying, frames), what)
        }
    }

    /// A frame that decodes to more than it says, a hundred thousand times its length.
    @Test func oneWhoseFrameNeverEnds() throws {
        var lying = directory
        let last = lying.operations.count - 1
        // zstd: magic, a descriptor without a length of the content, and a block that repeats one byte.
        let endless: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58] + [0x02, 0x00, 0x40, 7, 0x02, 0x00, 0x40, 7]
        let frame = try #require(lying.operations[last].frame)
        lying.operations[last].frame = endless.count
        try refuse(try bytes(lying, Array(frames.dropLast(frame)) + endless), "endless")
    }
}
