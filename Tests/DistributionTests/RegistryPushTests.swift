import Answers
import BinaryIO
import Distribution
import Foundation
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import Transfer

/// Builds go to an OCI registry and come back, whatever that registry does.
@Suite struct RegistryPushTests {
    private let run: TinyRun
    private let names: [String]

    init() throws {
        run = try TinyRun()
        try run.run()
        names = try run.published().keys.sorted()
    }

    /// Of the first build.
    private var type: Substring { names[0].split(separator: ":")[1] }

    /// Does not wait long for what is broken, and reads no credentials of whoever runs the tests.
    private static var hasty: TransportSettings {
        var settings = TransportSettings()
        settings.retries.base = .milliseconds(1)
        settings.retries.longest = .milliseconds(10)
        return settings
    }

    @discardableResult
    private func push(
        _ names: [String] = [],
        to registry: SmallOCIRegistry,
        _ path: String = "models/tiny",
        environment: [String: String] = [:],
        _ change: (inout RegistryPush) -> Void = { _ in }
    ) throws -> PushReport {
        let source = try ModelRegistry(path: run.registry, mode: .readOnly)
        defer { try? source.close() }
        var push = RegistryPush(from: source)
        push.chunkBytes = 1 << 20
        change(&push)
        return try push.run(names, to: place(registry, path, environment)) { _, _, _ in }
    }

    private func place(_ registry: SmallOCIRegistry, _ rest: String, _ environment: [String: String] = [:]) throws
        -> RemotePlace
    {
        var place = try RemotePlace("oci://\(registry.host)/\(rest)", isInsecure: true)
        (place.transport, place.environment) = (Self.hasty, environment)
        return place
    }

    private func pull(_ registry: SmallOCIRegistry, _ rest: String, to name: String = "pulled.gguf") throws
        -> PullReport
    {
        try RemotePull(from: place(registry, rest)).write(to: run.scratch.appending(name)) { _, _, _ in }
    }

    private func refusal(_ body: () throws -> some Any) -> String {
        do { _ = try body() } catch { return "\(error)" }
        return "nothing was refused"
    }

    private var bytes: Int {
        get throws {
            try TestRegistry(run.registry).builds().filter { names.contains("\($0.name)") }.reduce(0) {
                $0 + $1.fileBytes
            }
        }
    }

    // MARK: - What goes out

    @Test func aBuildIsOneBlobUnderThreeManifests() throws {
        let registry = try SmallOCIRegistry()
        let name = try #require(names.first { $0.hasSuffix("q8_0") })
        let report = try push([name], to: registry)
        #expect(report.pushed.map(\.dialect) == [.docker, .modelpack, .ollama])
        #expect(
            registry.tags("models/tiny") == [
                "1.0.0-q8_0", "1.0.0-q8_0-modelpack", "1.0.0-q8_0-ollama", "edgepipe-index",
            ]
        )
        let digest = try #require(try run.published()[name])
        for tag in registry.tags("models/tiny").prefix(3) {
            let stored = try #require(registry.state.value.manifests["models/tiny"]?[tag])
            let json = try JSONValue(parsing: stored.bytes)
            #expect(json["mediaType"]?.string == stored.type)
            guard case .array(let layers)? = json["layers"] else {
                Issue.record("no layers")
                return
            }
            #expect(layers.map { $0["digest"]?.string } == ["sha256:\(digest)"])
        }
        #expect(report.bytesMounted == 0)
        #expect(report.bytesSent == (try TestRegistry(run.registry).details(of: name).build.fileBytes))
    }

    @Test func aSecondPushSendsNothingAndAnotherRepositoryMounts() throws {
        let registry = try SmallOCIRegistry()
        let first = try push(to: registry)
        let state = registry.state.value
        let again = try push(to: registry)
        #expect(again.bytesSent == 0 && again.bytesMounted == 0)
        #expect(again.pushed.map(\.digest) == first.pushed.map(\.digest))
        #expect(registry.state.value.receivedBlobBytes == state.receivedBlobBytes)
        let other = try push(to: registry, "models/copy")
        #expect(other.bytesSent == 0)
        #expect(other.bytesMounted == (try bytes))
    }

    @Test func oneBuildMayHaveATagOfItsOwn() throws {
        let registry = try SmallOCIRegistry()
        try push([names[0]], to: registry, "models/tiny:test")
        #expect(registry.tags("models/tiny").contains("test-ollama"))
        #expect(refusal { try push(names, to: registry, "models/tiny:test") }.contains("a tag is for one build"))
    }

    @Test(arguments: [true, false]) func factsAreAttachedWhetherOrNotReferrersAreListed(_ lists: Bool) throws {
        let registry = try SmallOCIRegistry(listsReferrers: lists)
        try push([names[0]], to: registry)
        try push([names[0]], to: registry)
        let manifests = registry.state.value.manifests["models/tiny"] ?? [:]
        let digest = "sha256:" + "\(SHA256Digest(of: try #require(manifests["1.0.0-\(type)"]).bytes))"
        let attached = try manifests.filter { $0.key.hasPrefix("sha256:") }.values.compactMap { stored -> String? in
            let json = try JSONValue(parsing: stored.bytes)
            return json["subject"]?["digest"]?.string == digest ? json["artifactType"]?.string : nil
        }
        let types = ["application/vnd.edgepipe.build.v1+json", "application/vnd.edgepipe.parts.v1+json"]
        #expect(attached.sorted() == types)
        guard !lists else { return }
        let tag = try #require(manifests["sha256-\(digest.dropFirst(7))"])
        guard case .array(let listed)? = try JSONValue(parsing: tag.bytes)["manifests"] else {
            Issue.record("the tag lists nothing")
            return
        }
        #expect(listed.compactMap { $0["artifactType"]?.string }.sorted() == types)
    }

    // MARK: - What is cut

    @Test func aCutCostsOneChunk() throws {
        let registry = try SmallOCIRegistry()
        registry.set { $0.lostChunks = 3 }
        let report = try push([names[0]], to: registry)
        let size = try TestRegistry(run.registry).details(of: names[0]).build.fileBytes
        #expect(report.bytesSent <= size + 3 << 20)
        #expect(try pull(registry, "models/tiny:1.0.0-\(type)").bytes == size)
    }

    @Test func aRegistryThatForgotAnUploadGetsTheBlobAnew() throws {
        let registry = try SmallOCIRegistry()
        registry.set { ($0.lostChunks, $0.forgetsUploads) = (2, true) }
        #expect(try push([names[0]], to: registry).pushed.count == 3)
    }

    @Test func aPushThatWasCutForGoodShowsNoTagAndGoesOnLater() throws {
        let registry = try SmallOCIRegistry()
        registry.set { $0.lostChunks = 1000 }
        #expect(throws: DistributionError.self) { try push([names[0]], to: registry) }
        #expect(registry.tags("models/tiny").isEmpty)
        registry.set { $0.lostChunks = 0 }
        try push([names[0]], to: registry)
        #expect(registry.tags("models/tiny").count == 4)
    }

    @Test func aBusyRegistryIsAskedAgain() throws {
        let registry = try SmallOCIRegistry()
        registry.set { $0.busyAnswers = 4 }
        #expect(try push([names[0]], to: registry).pushed.count == 3)
    }

    @Test func aPullGoesOnWhereItWasCut() throws {
        let registry = try SmallOCIRegistry()
        try push([names[0]], to: registry)
        registry.set { $0.cuts = [100_000, 70_000, 300_000] }
        let report = try pull(registry, "models/tiny:1.0.0-\(type)")
        #expect("\(report.sha256)" == (try run.published()[names[0]]))
        let fetched = try #require(report.bytesFetched)
        #expect(fetched == report.bytes, "nothing was fetched twice")
    }

    // MARK: - What is not believed

    @Test func bytesThatAreNotTheBuildsAreNotKept() throws {
        let registry = try SmallOCIRegistry()
        try push([names[0]], to: registry)
        registry.set { $0.changesBlobs = true }
        let tag = "models/tiny:1.0.0-\(type)"
        #expect(refusal { try pull(registry, tag) }.contains("has another SHA-256"))
        #expect(FileStatus(run.scratch.appending("pulled.gguf")) == nil)
    }

    @Test func aRegistryThatStoresOtherBytesIsNotBelieved() throws {
        let registry = try SmallOCIRegistry()
        registry.set { $0.liesAboutDigests = true }
        #expect(refusal { try push([names[0]], to: registry) }.contains("was stored with other bytes"))
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user:word@127.0.0.1/"])
    func uploadsGoNowhereElse(_ location: String) throws {
        let registry = try SmallOCIRegistry()
        registry.set { $0.uploadLocation = location }
        #expect(refusal { try push([names[0]], to: registry) }.contains("is not usable"))
    }

    @Test(arguments: [
        (#"{"schemaVersion":2,"layers":[],"manifests":[]}"#, "not a manifest, or two in one"),
        (#"{"schemaVersion":2,"manifests":[]}"#, "a list of manifests"),
        (#"[1,2"#, "not a manifest"),
        (
            #"{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:1","size":1},"layers":[]}"#,
            "holds no GGUF file"
        ),
        (
            #"{"schemaVersion":2,"config":{"mediaType":"a","digest":"b","size":1},"layers":[{"mediaType":"c","digest":"../../x","size":1}]}"#,
            "by no SHA-256"
        ),
        (
            #"{"schemaVersion":2,"mediaType":"other","config":{"mediaType":"a","digest":"b","size":1},"layers":[]}"#,
            "of another type"
        ),
    ])
    func manifestsThatSayTwoThingsAreRefused(_ text: String, _ reason: String) throws {
        let registry = try SmallOCIRegistry()
        registry.state.change { state in
            state.manifests["m"] = ["t": ("application/vnd.oci.image.manifest.v1+json", Array(text.utf8))]
        }
        #expect(refusal { try pull(registry, "m:t") }.contains(reason))
    }

    // MARK: - Who asks

    @Test func passwordsAreTakenFromTheEnvironmentAndNeverPrinted() throws {
        let registry = try SmallOCIRegistry(.password(user: "ada", "swordfish"))
        #expect(refusal { try push([names[0]], to: registry) }.contains("wants credentials"))
        let wrong = ["EDGEPIPE_OCI_USER": "ada", "EDGEPIPE_OCI_PASSWORD": "trout"]
        let said = refusal { try push([names[0]], to: registry, environment: wrong) }
        #expect(said.contains("does not take the credentials") && !said.contains("trout"))
        let right = ["EDGEPIPE_OCI_USER": "ada", "EDGEPIPE_OCI_PASSWORD": "swordfish"]
        #expect(try push([names[0]], to: registry, environment: right).pushed.count == 3)
    }

    @Test func tokensAreAskedForExactlyWhatIsDone() throws {
        let registry = try SmallOCIRegistry(.token(user: "ada", "swordfish"))
        let config = run.scratch.appending("docker")
        try makeFolder(config)
        let auth = Data("ada:swordfish".utf8).base64EncodedString()
        try writeFile(
            Array(#"{"auths":{"\#(registry.host)":{"auth":"\#(auth)"}}}"#.utf8),
            to: config.appending("config.json")
        )
        let environment = ["DOCKER_CONFIG": config.string]
        try push([names[0]], to: registry, environment: environment)
        try push([names[0]], to: registry, "models/copy", environment: environment)
        #expect(
            Set(registry.state.value.scopes) == [
                "repository:models/tiny:pull,push", "repository:models/copy:pull,push",
                "repository:models/copy:pull,push repository:models/tiny:pull",
                // What is only read.
                "repository:models/tiny:pull", "repository:models/copy:pull",
            ]
        )
    }

    @Test func helpersAreAskedByHost() throws {
        let registry = try SmallOCIRegistry(.password(user: "ada", "swordfish"))
        let folder = run.scratch.appending("docker")
        try makeFolder(folder)
        let helper = folder.appending("docker-credential-shelf")
        let script = """
            #!/bin/sh
            read host
            [ "$1" = get ] && [ "$host" = "\(registry.host)" ] || exit 1
            echo '{"Username":"ada","Secret":"swordfish"}'
            """
        try writeFile(Array(script.utf8), to: helper)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: helper.string)
        try writeFile(
            Array(#"{"credHelpers":{"\#(registry.host)":"shelf"}}"#.utf8),
            to: folder.appending("config.json")
        )
        let environment = ["DOCKER_CONFIG": folder.string, "PATH": "\(folder):/usr/bin:/bin"]
        #expect(try push([names[0]], to: registry, environment: environment).pushed.count == 3)
    }

    // MARK: - What comes back

    @Test func anImportKnowsEverythingThatWasPushed() throws {
        let registry = try SmallOCIRegistry(listsReferrers: false)
        try push(to: registry)
        let other = try TestRegistry(new: run.scratch.appending("other.db"))
        let target = try ModelRegistry(path: other.path, mode: .openExisting)
        defer { try? target.close() }
        var remote = RemoteImport(from: try place(registry, "models/tiny"))
        remote.takesChannels = true
        let report = try remote.publish(into: target) { _, _, _ in }
        #expect(Set(report.builds) == Set(names))
        for name in names {
            let (before, after) = (try TestRegistry(run.registry).details(of: name), try other.details(of: name))
            #expect(after.build.digest == before.build.digest && after.build.facts == before.build.facts)
            #expect(Set(after.measurements) == Set(before.measurements))
            #expect(Set(after.fits) == Set(before.fits))
        }
        #expect(try target.versions().map(\.channels) == [["candidate"]])
        #expect(try other.verify(readData: true).isSound)
    }

    @Test func aQueryFromAfarAnswersAsTheRegistryItself() throws {
        let registry = try SmallOCIRegistry()
        try push(to: registry)
        let remote = RemoteRegistry(try place(registry, "models/tiny"), cache: run.scratch.appending("cache"))
        let opened = try remote.open { _, _, _ in }
        defer { try? opened.close() }
        let session = RegistrySession(opened)
        var query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
        for channel in [nil, "candidate"] {
            query.channel = channel
            let (near, far) = (try TestRegistry(run.registry).answer(query), try query.answer(from: session))
            #expect(try encoded(far) == encoded(near))
        }
        #expect(try session.objectsWarning() == nil)
        // A header comes by range, verified.
        let before = registry.requests.count
        var request = ReportRequest(model: "tiny@1.0.0")
        request.devices = ["pixel-8"]
        _ = try session.report(request) { _, _, _ in }
        #expect(registry.requests.count > before)
        // Asked again, all that is fetched is what names the index.
        let count = registry.requests.count
        try remote.open { _, _, _ in }.close()
        #expect(registry.requests.count == count + 1)
        let (found, record) = try remote.place(of: "tiny:q8_0") { _, _, _ in }
        let pulled = try RemotePull(from: found).write(to: run.scratch.appending("far.gguf")) { _, _, _ in }
        #expect(pulled.sha256 == record.digest)
    }

    private func encoded(_ answer: QueryAnswer) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(answer)
    }

    @Test func anIndexThatWasChangedOnTheWayIsRefused() throws {
        let registry = try SmallOCIRegistry()
        try push(to: registry)
        registry.set { $0.changesBlobs = true }
        let remote = RemoteRegistry(try place(registry, "models/tiny"), cache: run.scratch.appending("cache"))
        #expect(refusal { try remote.open { _, _, _ in } }.contains("has other bytes than it is named by"))
    }

    @Test func withoutAnIndexTheTagsAreRead() throws {
        let registry = try SmallOCIRegistry(listsReferrers: false)
        try push(to: registry)
        registry.state.change { $0.manifests["models/tiny"]?["edgepipe-index"] = nil }
        let other = try TestRegistry(new: run.scratch.appending("other.db"))
        let target = try ModelRegistry(path: other.path, mode: .openExisting)
        defer { try? target.close() }
        let report = try RemoteImport(from: place(registry, "models/tiny")).publish(into: target) { _, _, _ in }
        #expect(Set(report.builds) == Set(names))
    }
}
