import ModelHub
import SystemPackage
import Testing

@Suite struct ModelReferenceTests {
    @Test(arguments: [
        ("hf://microsoft/Phi-3-mini-4k-instruct", "microsoft/Phi-3-mini-4k-instruct", "main"),
        ("hf://a/b@v1.0", "a/b", "v1.0"),
        ("hf://a/b@refs/pr/3", "a/b", "refs/pr/3"),
        (
            "hf://Qwen/Qwen2.5-1.5B@0123456789abcdef0123456789abcdef01234567", "Qwen/Qwen2.5-1.5B",
            "0123456789abcdef0123456789abcdef01234567"
        ),
    ])
    func aHubReferenceNamesRepositoryAndRevision(_ text: String, _ repository: String, _ revision: String) throws {
        let reference = try ModelReference(text)
        #expect(reference == .hub(repository: repository, revision: revision))
        #expect(try ModelReference(reference.description) == reference, "its own text reads back")
    }

    /// Names become parts of paths: none may lead out of the cache, be empty, or hold what a path cannot.
    @Test(arguments: [
        "hf://", "hf://owner", "hf:///name", "hf://owner/", "hf://a/b/c", "hf://../name", "hf://owner/..",
        "hf://owner/.hidden", "hf://owner/name@", "hf://owner/name@..", "hf://owner/name@../../etc",
        "hf://owner/name@a//b", "hf://owner/name@/absolute", "hf://owner/name@a/./b", "hf://owner/name@a@b",
        "hf://own er/name", "hf://owner/na\u{0}me", "hf://owner/naïve", #"hf://owner\name/x"#, "hf://owner/name\n",
    ])
    func aReferenceThatIsNoneIsRefused(_ text: String) {
        #expect(throws: ModelHubError.badReference(text)) { try ModelReference(text) }
    }

    @Test func theRefusalSaysWhatToWrite() {
        #expect(
            ModelHubError.badReference("hf://x").description
                == "'hf://x' is no model reference. Write hf://owner/name or hf://owner/name@revision, or a folder's path."
        )
    }

    @Test(arguments: [
        ("models/tiny", "/home/pipelines", "/home/pipelines/models/tiny"),
        ("../models/tiny", "/home/pipelines", "/home/models/tiny"),
        ("/models/tiny", "/home/pipelines", "/models/tiny"),
        ("models/tiny", "", "models/tiny"),
        ("HF://a/b", "", "HF:/a/b"),
    ])
    func anythingElseIsAFolderThatStartsFromTheBase(_ text: String, _ base: String, _ expected: String) throws {
        #expect(try ModelReference(text, relativeTo: FilePath(base)) == .folder(FilePath(expected)))
    }
}
