import BinaryIO
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing

/// The text of a lock file: one spelling, and every damage with its place.
@Suite struct LockFileTests {
    private static let digest = SHA256Digest(of: "one".utf8)
    private static let other = SHA256Digest(of: "two".utf8)
    private static let commit = String(repeating: "0123456789", count: 4)

    private static var file: LockFile {
        var lock = PipelineLock()
        lock.edgepipe = "1.2.3"
        lock.sources = [
            "hf://acme/tiny": .init(revision: commit, files: ["config.json": digest, "a b: c.json": other]),
            "../adapter": .init(),
        ]
        lock.inputs = ["../texts/sample.txt": digest, "täxt \"quoted\".txt": other, "007": digest]
        lock.nodes = [
            "builds[q4_k_m]": .init(settings: digest, files: ["q4_k_m.gguf": other]), "f16": .init(settings: other),
        ]
        var file = LockFile()
        file.entries = ["tiny.yaml": lock, "tiny.yaml#mini": PipelineLock()]
        return file
    }

    private func parsed(_ text: String) throws -> LockFile { try LockFile(text: text, path: "edgepipe.lock") }

    @Test func whatIsWrittenIsReadAndWrittenAgainAlike() throws {
        let file = Self.file
        #expect(try parsed(file.text) == file)
        #expect(try parsed(file.text).text == file.text)
        #expect(try parsed(LockFile().text) == LockFile())
        let lines = file.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("          config.json: sha256:\(Self.digest)"))
        #expect(lines.contains("        revision: \"\(Self.commit)\""))
        #expect(lines.last == "...")
        let steps = lines.filter { $0.hasPrefix("      ") && !$0.hasPrefix("       ") }
        #expect(steps.firstIndex(of: "      \"builds[q4_k_m]\":")! < steps.firstIndex(of: "      f16:")!)
    }

    /// Two changes of one file touch the lines that they concern, and no others.
    @Test func aChangeIsALine() throws {
        var changed = Self.file
        changed.entries["tiny.yaml"]?.inputs["../texts/sample.txt"] = Self.other
        let lines = zip(Self.file.text.split(separator: "\n"), changed.text.split(separator: "\n"))
        #expect(lines.filter { $0 != $1 }.count == 1)
    }

    /// What is wrong with a text, by its lines.
    private struct Damage: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        /// The beginning of the first problem, after the file's name.
        let expected: String

        init(_ what: String, _ text: String, _ expected: String) {
            (testDescription, self.text, self.expected) = (what, text, expected)
        }

        static let head = "format: 1\npipelines:\n  p.yaml:\n    edgepipe: \"1.0.0\"\n"
        static let catalogue: [Damage] = [
            Damage("nothing", "", "1:1: the file is empty."),
            Damage("blank lines", "\n \n\n", "1:1: the file is empty."),
            Damage("cut off", "format: 1\npipelines:\n  p.yaml:\n", "3:1: the file was cut off"),
            Damage("no YAML", "format: [1\n...\n", "2:1: this is not valid YAML"),
            Damage("no mapping", "- 1\n...\n", "1:1: a lock file must be a mapping"),
            Damage("a text", "hello\n...\n", "1:1: a lock file must be a mapping"),
            Damage("no format", "pipelines: {}\n...\n", "1:1: a lock file needs the setting 'format'."),
            Damage(
                "another format",
                "format: 2\n...\n",
                "1:9: the file has format 2, and this edgepipe reads format 1."
            ),
            Damage("a format of words", "format: one\n...\n", "1:9: 'format' must be a whole number."),
            Damage("a format below zero", "format: -1\n...\n", "1:9: 'format' must be a whole number."),
            Damage("an endless format", "format: 99999999999999999999\n...\n", "1:9: 'format' must be a whole number."),
            Damage("an unknown key", "format: 1\nextra: 1\n...\n", "2:1: a lock file has no setting 'extra'."),
            Damage("a key twice", "format: 1\nformat: 1\n...\n", "1:1: this is not valid YAML"),
            Damage("pipelines in a list", "format: 1\npipelines: [a]\n...\n", "2:12: 'pipelines' must be a mapping"),
            Damage(
                "an entry without facts",
                "format: 1\npipelines: { p.yaml: 1 }\n...\n",
                "2:22: a pipeline's entry must be"
            ),
            Damage(
                "no version",
                "format: 1\npipelines: { p.yaml: { inputs: {} } }\n...\n",
                "2:22: a pipeline's entry needs"
            ),
            Damage("a short digest", head + "    inputs: { a: sha256:12 }\n...\n", "5:18: this must be a digest"),
            Damage(
                "capitals",
                head + "    inputs: { a: \"sha256:\(String(repeating: "A", count: 64))\" }\n...\n",
                "5:18: this must be a digest"
            ),
            Damage(
                "a digest of another kind",
                head + "    inputs: { a: \"md5:\(digest)\" }\n...\n",
                "5:18: this must be a digest"
            ),
            Damage("a digest that is a list", head + "    inputs: { a: [1] }\n...\n", "5:18: this must be a digest"),
            Damage("no digest", head + "    inputs: { a: }\n...\n", "5:18: this must be a digest"),
            Damage(
                "a name that is a list",
                head + "    inputs: { [a]: sha256:12 }\n...\n",
                "5:15: a name in 'inputs' must be a text."
            ),
            Damage("inputs in a list", head + "    inputs: [a]\n...\n", "5:13: 'inputs' must be a mapping"),
            Damage(
                "a step without settings",
                head + "    steps: { f16: {} }\n...\n",
                "5:19: a step needs the setting 'settings'."
            ),
            Damage("a source without facts", head + "    sources: { m: 3 }\n...\n", "5:19: a source must be a mapping"),
            Damage(
                "a branch for a commit",
                head + "    sources: { m: { revision: main } }\n...\n",
                "5:31: 'revision' must be a commit"
            ),
            Damage(
                "a way out of the cache",
                head + "    sources: { m: { revision: ../../../../../../../etc/passwdxxxxxxxxxx } }\n...\n",
                "5:31: 'revision' must be a commit"
            ),
            Damage(
                "a repository without a commit",
                head + "    sources: { hf://a/b: { files: {} } }\n...\n",
                "5:26: a source of the Hub needs"
            ),
            Damage("a conflict", head + "<<<<<<< ours\n...\n", "5:1: two versions of the file were merged"),
            Damage("many aliases", "a: &a 1\nb: [\(String(repeating: "*a, ", count: 40))]\n...\n", "2:"),
            Damage("too deep", "format: \(String(repeating: "[", count: 5000))\n...\n", ""),
            Damage("a control character", "format: 1\u{1}\n...\n", ""),
        ]
    }

    @Test(arguments: Damage.catalogue)
    private func everyDamageIsToldOfWithItsPlace(_ damage: Damage) throws {
        let error = try #require(throws: SettingsError.self) { try parsed(damage.text) }
        #expect("\(error)".hasPrefix("edgepipe.lock:\(damage.expected)"), "\(error)")
    }

    @Test func whateverIsCutOffIsRefused() throws {
        let text = Array(Self.file.text.utf8)
        for count in 0..<(text.count - 1) {
            let part = String(decoding: text.prefix(count), as: UTF8.self)
            #expect(throws: SettingsError.self, "\(count) bytes") { try parsed(part) }
        }
    }

    @Test func nothingTrapsWhateverTheFileHolds() throws {
        let scratch = try ScratchFolder()
        let text = Array(Self.file.text.utf8)
        var random = SeededRandom.printed()
        for _ in 0..<500 {
            let path = try scratch.write(random.mutate(text), to: "edgepipe.lock")
            do {
                let file = try #require(try LockFile(ifThereAt: path))
                #expect(try parsed(file.text) == file)
            } catch is SettingsError {} catch is FileError {}
        }
    }

    @Test func aFileThatIsTooLargeOrNoTextIsRefused() throws {
        let scratch = try ScratchFolder()
        #expect(try LockFile(ifThereAt: scratch.appending("edgepipe.lock")) == nil)
        let bytes = try scratch.write([0xff, 0xfe, 0x00], to: "edgepipe.lock")
        #expect(throws: SettingsError.self) { try LockFile(ifThereAt: bytes) }
        let large = try scratch.write(Array(repeating: UInt8(ascii: "#"), count: 17 << 20), to: "edgepipe.lock")
        #expect(throws: FileError.self) { try LockFile(ifThereAt: large) }
    }
}
