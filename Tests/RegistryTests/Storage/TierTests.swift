import BinaryIO
import Foundation
import ObjectStorage
import Registry
import SystemPackage
import TestSupport
import Testing
import Transfer

@Suite struct TierTests {
    private let scratch: Scratch
    private let server: SmallS3
    private let place: S3Place

    init() throws {
        scratch = try Scratch()
        server = try SmallS3()
        place = try S3Place("s3://models/tiny")
    }

    private func access(_ changes: [String: String] = [:]) -> TierAccess {
        var access = TierAccess(environment: server.environment.merging(changes) { $1 })
        access.adjust = { $0.transport.retries.base = .milliseconds(1) }
        return access
    }

    private func open(_ mode: ModelRegistry.Mode = .openExisting, _ changes: [String: String] = [:]) throws
        -> ModelRegistry
    {
        try ModelRegistry(path: scratch.database, mode: mode, tier: access(changes))
    }

    /// Two builds in parts that share the first megabyte, and one in a file of its own.
    private func publish() throws -> [(name: BuildName, bytes: [UInt8])] {
        let registry = try open(.create)
        defer { try? registry.close() }
        var found: [(BuildName, [UInt8])] = []
        for (index, type) in ["q4_k_m", "q8_0", "f16"].enumerated() {
            let path = try scratch.file("\(type).gguf", count: 1 << 20, seed: 1, compressible: false)
            let bytes =
                try contents(of: path) + contents(of: scratch.file("t", count: 400_000, seed: UInt64(index + 5)))
            try writeFile(bytes, to: path)
            var publication = try publication(path, type: type)
            if type != "f16" { publication.builds[0].cuts = [1 << 20, 1_200_000].map { PartCut(offset: $0) } }
            found.append((try registry.publish(publication)[0].record.name, bytes))
        }
        return found
    }

    private func move(cacheBytes: Int = 0) throws -> TierReport {
        let registry = try open()
        defer { try? registry.close() }
        return try registry.moveToTier(place, cacheBytes: cacheBytes)
    }

    private func pull(_ name: BuildName, _ registry: ModelRegistry) throws -> [UInt8] {
        let path = scratch.folder.appending("pulled-\(UInt64.random(in: 0 ... .max))")
        try registry.pull(name, to: path)
        return try contents(of: path)
    }

    private var localPaths: [FilePath] {
        ["packs", "sha256"].flatMap { name in
            let folder = scratch.objects.appending(name)
            let found = FileManager.default.enumerator(atPath: folder.string)?.compactMap { $0 as? String } ?? []
            return found.filter { $0.contains("/") }.map { folder.pushing(FilePath($0)) }
        }
    }

    private var localFiles: Int { localPaths.count }

    private func packKeys() -> [String] { server.state.value.objects.keys.filter { $0.hasSuffix(".pack") }.sorted() }

    @Test func whatIsThereAnswersLikeWhatIsHere() throws {
        let builds = try publish()
        let report = try move()
        #expect(report.files == 3 && report.movedFiles == 3 && report.localBytes == 0 && localFiles == 0)
        #expect(server.state.value.objects.count == 4)
        let registry = try open(.readOnly)
        for (name, bytes) in builds {
            #expect(try pull(name, registry) == bytes)
            #expect(try registry.bytes(of: name).read(5..<25) == Array(bytes[5..<25]))
            #expect(try registry.bytes(of: name).read(1_190_000..<1_210_000) == Array(bytes[1_190_000..<1_210_000]))
        }
        #expect(try registry.verify(readData: false).isSound)
        let read = try registry.verify(readData: true)
        #expect(read.isSound && read.readBytes == builds.reduce(0) { $0 + $1.bytes.count })
        #expect(try registry.verify(sample: VerificationSample(percent: 100)).isSound)
        #expect(localFiles == 0)
        // What names the place holds no secret.
        let note = try contents(of: scratch.objects.appending("tier.json"))
        #expect(!String(decoding: note, as: UTF8.self).contains(SmallS3.secret))
        #expect(try registry.storage().tier == "s3://models/tiny")
    }

    @Test func aHeaderIsReadByItsRangeAlone() throws {
        let builds = try publish()
        _ = try move()
        let before = server.requests.count
        let registry = try open(.readOnly)
        #expect(try registry.bytes(of: builds[0].name).read(1_100_000..<1_100_010).count == 10)
        let asked = server.requests.dropFirst(before)
        #expect(asked.count == 1 && asked.first?.headers["range"] != nil && localFiles == 0)
    }

    @Test func theCacheKeepsWhatWasReadLastWithinItsBound() throws {
        let builds = try publish()
        _ = try move(cacheBytes: 1_700_000)
        let registry = try open(.readOnly)
        #expect(try pull(builds[0].name, registry) == builds[0].bytes)
        let first = server.requests.count
        #expect(try pull(builds[0].name, registry) == builds[0].bytes)
        #expect(server.requests.count == first)
        for _ in 0..<2 {
            for (name, bytes) in builds { #expect(try pull(name, registry) == bytes) }
            #expect(try (registry.storage().localBytes ?? .max) <= 1_700_000)
        }
        #expect(localFiles > 0)
    }

    @Test func whatIsNotThereStaysHereUntilTheNextRun() throws {
        let builds = try publish()
        _ = try move()
        let registry = try open()
        let path = try scratch.file("new.gguf", count: 300_000, seed: 99, compressible: false)
        var publication = try publication(path, version: "2.0.0")
        publication.builds[0].cuts = [PartCut(offset: 1000)]
        let new = try registry.publish(publication)[0].record.name
        #expect(try pull(builds[1].name, registry) == builds[1].bytes)
        #expect(localFiles == 1)
        #expect(try pull(new, registry) == contents(of: path))
        let report = try move()
        #expect(report.movedFiles == 1 && localFiles == 0)
        #expect(try pull(new, open(.readOnly)) == contents(of: path))
    }

    @Test func aPublicationSharesPartsWithPacksThatAreAway() throws {
        let builds = try publish()
        _ = try move()
        let registry = try open()
        let path = scratch.folder.appending("again.gguf")
        try writeFile(builds[0].bytes.prefix(1_200_000) + [1, 2, 3], to: path)
        var publication = try publication(path, version: "2.0.0")
        publication.builds[0].cuts = [1 << 20, 1_200_000].map { PartCut(offset: $0) }
        let new = try registry.publish(publication)[0].record.name
        #expect(try registry.storage().localBytes.map { $0 < 100 } == true)
        #expect(try pull(new, registry) == contents(of: path))
    }

    @Test func everythingComesBack() throws {
        let builds = try publish()
        _ = try move()
        let registry = try open()
        let report = try registry.bringBack()
        #expect(report.movedFiles == 3 && report.cacheBytes == nil && localFiles == 3)
        try registry.close()
        server.set { $0.status = 403 }
        let local = try open(.readOnly)
        for (name, bytes) in builds { #expect(try pull(name, local) == bytes) }
        #expect(try local.verify(readData: true).isSound)
    }

    @Test(arguments: [false, true]) func aLostObjectIsDamage(_ readsData: Bool) throws {
        let builds = try publish()
        _ = try move()
        let key = try #require(packKeys().first)
        server.state.change { $0.objects[key] = nil }
        let report = try open(.readOnly).verify(readData: readsData)
        #expect(!report.isSound && report.damages.allSatisfy { $0.detail.contains("s3://models/\(key)") })
        #expect(throws: RegistryError.self) {
            for (name, _) in builds { _ = try pull(name, open(.readOnly)) }
        }
    }

    @Test(arguments: [-1, 5]) func anObjectOfAnotherSizeIsDamage(_ change: Int) throws {
        _ = try publish()
        _ = try move()
        let key = try #require(packKeys().first)
        server.state.change { state in
            if change < 0 {
                state.objects[key]?.removeLast(-change)
            } else {
                state.objects[key]? += [UInt8](repeating: 0, count: change)
            }
        }
        let report = try open(.readOnly).verify(readData: false)
        #expect(!report.isSound && report.damages.allSatisfy { $0.detail.contains("s3://models/\(key)") })
        let error = #expect(throws: ObjectStorageError.self) { try move() }
        #expect(error.map { "\($0)".contains("s3://models/\(key)") } == true)
    }

    @Test func changedBytesAreDamage() throws {
        let builds = try publish()
        _ = try move()
        let key = try #require(packKeys().first)
        server.state.change { $0.objects[key]?[100] ^= 1 }
        #expect(try open(.readOnly).verify(readData: false).isSound)
        #expect(try !open(.readOnly).verify(readData: true).isSound)
        #expect(throws: RegistryError.self) {
            for (name, _) in builds { _ = try pull(name, open(.readOnly)) }
        }
    }

    @Test(arguments: [true, false]) func aTierThatIsAwayIsNoDamage(_ isUnreachable: Bool) throws {
        let builds = try publish()
        _ = try move()
        if isUnreachable {
            var note = try String(decoding: contents(of: scratch.objects.appending("tier.json")), as: UTF8.self)
            note = note.replacing(server.endpoint.replacing("/", with: "\\/"), with: server.endpoint)
            note = note.replacing(server.endpoint, with: "http://127.0.0.1:1")
            try writeFile(note.utf8, to: scratch.objects.appending("tier.json"), isOfRegistry: true)
        } else {
            server.set { $0.status = 403 }
        }
        let changes = isUnreachable ? ["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"] : [:]
        let registry = try open(.openExisting, changes)
        #expect(throws: ObjectStorageError.self) { try registry.verify(readData: false) }
        #expect(throws: ObjectStorageError.self) { try registry.verify(readData: true) }
        #expect(throws: ObjectStorageError.self) { try registry.repair(applies: true) }
        #expect(throws: ObjectStorageError.self) { try registry.bringBack() }
        for (name, _) in builds { #expect(throws: ObjectStorageError.self) { try pull(name, registry) } }
        #expect((registry.unreachableTier != nil) == isUnreachable)
        try registry.close()
        server.set { $0.status = nil }
        if !isUnreachable { #expect(try open(.readOnly).verify(readData: true).isSound) }
    }

    @Test func aNoteDoesNotChooseWhoIsAskedWithTheCredentials() throws {
        let builds = try publish()
        _ = try move()
        let before = server.requests.count
        let registry = try open(.readOnly, ["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"])
        let error = #expect(throws: ObjectStorageError.self) { try pull(builds[0].name, registry) }
        guard case .badEndpoint = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.requests.count == before)
    }

    @Test func repairTakesTheTiersBytesForDamagedCopies() throws {
        let builds = try publish()
        _ = try move(cacheBytes: 1 << 30)
        #expect(localFiles == 3)
        for path in localPaths {
            var bytes = try contents(of: path)
            bytes[10] ^= 1
            try FileManager.default.removeItem(atPath: path.string)
            try writeFile(bytes, to: path)
        }
        #expect(try !open(.readOnly).verify(readData: true).isSound)
        let registry = try open()
        #expect(try registry.repair(applies: false).lost.isEmpty)
        let report = try registry.repair(applies: true)
        #expect(report.lost.isEmpty && !report.saved.isEmpty && report.quarantined.count == 3)
        for (name, bytes) in builds { #expect(try pull(name, registry) == bytes) }
        #expect(try registry.verify(readData: true).isSound)
    }

    @Test func aCollectionRemovesWhatNobodyNeedsThereToo() throws {
        let builds = try publish()
        _ = try move()
        let registry = try open()
        let before = server.state.value.objects.count
        let why = MoveReason(who: "a", why: "b")
        _ = try registry.withdraw(version("1.0.0"), of: "tiny", type: "f16", because: why, dryRun: false)
        let told = try registry.collectLeftovers(olderThan: 0, dryRun: true)
        #expect(told.count == 1 && told.allSatisfy { $0.path.hasPrefix("s3://models/tiny/sha256/") })
        #expect(server.state.value.objects.count == before)
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false) == told)
        #expect(server.state.value.objects.count == before - 1)
        for (name, bytes) in builds.dropLast() { #expect(try pull(name, registry) == bytes) }
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).isEmpty)
    }

    @Test func aPlaceOfAnotherRegistryIsRefused() throws {
        _ = try publish()
        _ = try move()
        let other = try ModelRegistry(path: scratch.folder.appending("other.db"), mode: .create, tier: access())
        try FileManager.default.createDirectory(
            atPath: scratch.folder.appending("other.db.objects").appending("packs").string,
            withIntermediateDirectories: true
        )
        #expect(throws: RegistryError.self) { try other.moveToTier(place) }
        #expect(throws: RegistryError.self) { try open().moveToTier(S3Place("s3://models/elsewhere")) }
    }

    @Test func anInterruptedUploadGoesOn() throws {
        struct Stop: Error {}
        let builds = try publish()
        let registry = try open()
        #expect(throws: Stop.self) {
            try registry.moveToTier(place, cacheBytes: 0) { _, done, _ in if done > 1 << 20 { throw Stop() } }
        }
        #expect(localFiles == 3 && FileStatus(scratch.objects.appending("tier.json")) == nil)
        try registry.close()
        #expect(try move().movedFiles < 3)
        for (name, bytes) in builds { #expect(try pull(name, open(.readOnly)) == bytes) }
    }

    @Test func aNoteThatCannotBeReadIsRefused() throws {
        _ = try publish()
        for text in ["", "{}", "{\"place\":\"s3://A\",\"region\":\"x\",\"cacheBytes\":1}"] {
            try writeFile(text.utf8, to: scratch.objects.appending("tier.json"), isOfRegistry: true)
            #expect(throws: RegistryError.self) { try open(.readOnly) }
        }
    }
}
