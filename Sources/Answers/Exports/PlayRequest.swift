import BinaryIO
import Briefs
import DeviceFit
import Registry
import SystemPackage
import Work

/// The request for Google Play files.
public struct PlayRequest: Sendable {
    /// The model, `model[@version]`.
    public var model: String
    /// The AI pack's name; nil for the model's name, with underscores in place of characters that Play rejects.
    public var pack: String?
    /// The context length in tokens; nil for 4096, or the model's training context if that is shorter.
    public var context: Int?
    /// The element type of the key-value cache.
    public var kvType = "f16"
    /// The memory of the smallest phones of each group in GB, as phones are advertised.
    public var tiers = [3, 4, 6, 8, 12, 16]
    /// Whether the builds are also copied into their folders.
    public var pullsBuilds = false

    /// Creates a request for the usual groups of phones.
    public init(model: String) { self.model = model }
}

extension RegistrySession {
    /// Writes the device groups, the pack's folders and notes.
    /// - Throws: `NothingFits` if no build fits any group, `AnswersError.badRequest` if the pack's name is not valid.
    @discardableResult
    public func exportPlay(
        _ request: PlayRequest,
        to folder: FilePath,
        progress: @escaping WorkProgress
    ) throws -> ExportSummary {
        guard !request.tiers.isEmpty, request.tiers.allSatisfy((1...64).contains) else {
            throw AnswersError.badRequest("\(setting: "tier") takes the memory of phones, from 1 to 64 GB.")
        }
        let choice = try VersionChoice(request.model, in: self)
        let delivery = try delivery(request, choice)
        try makeFolder(folder)
        var files = [
            (folder.appending("device_targeting_config.xml"), delivery.targeting),
            (folder.appending("README.md"), delivery.notes),
        ]
        for group in delivery.groups { try makeFolder(folder.pushing(FilePath(delivery.folder(of: group)))) }
        files.append((folder.appending(delivery.pack).appending("build.gradle"), delivery.gradle))
        for (path, text) in files { try writeFile(Array(text.utf8), to: path) }
        var written = files.map { $0.0.string }
        for group in delivery.groups where request.pullsBuilds {
            let path = folder.pushing(FilePath(delivery.folder(of: group))).appending(delivery.fileName)
            try checkSpace(for: group.fileBytes, at: path)
            try registry.pull(try BuildName(group.build), to: path) { transfer in
                try progress("pulling \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }
            written.append(path.string)
        }
        return ExportSummary(folder: folder.string, files: written, builds: delivery.groups.map(\.build))
    }

    private func delivery(_ request: PlayRequest, _ choice: VersionChoice) throws -> PlayDelivery {
        let model = choice.name.model
        let pack = request.pack ?? Self.packName(model)
        guard PlayDelivery.isPackName(pack) else {
            throw AnswersError.badRequest(
                "'\(pack)' is not a valid AI pack name: a letter, then letters, digits and underscores. Choose one "
                    + "with \(setting: "pack")."
            )
        }
        var groups: [PlayDelivery.Group] = []
        // From the most memory down; neighbours with the same build become one group.
        for tier in Set(request.tiers).sorted(by: >) {
            guard let (best, estimate) = try best(request, choice, tier) else { continue }
            let upTo = groups.last?.gigabytes
            if let last = groups.last, last.build == "\(best.name)" {
                groups[groups.count - 1].gigabytes = tier
                groups[groups.count - 1].estimate = estimate
                continue
            }
            groups.append(
                PlayDelivery.Group(
                    gigabytes: tier,
                    upTo: upTo,
                    build: "\(best.name)",
                    fileBytes: best.fileBytes,
                    estimate: estimate
                )
            )
        }
        guard !groups.isEmpty else {
            throw NothingFits(
                "no build of \(model)@\(choice.name.version) of at most \(ByteSize(bytes: PlayDelivery.largestPack)) fits a phone "
                    + "of these groups. Shorten \(setting: "context"), or publish a smaller build."
            )
        }
        return PlayDelivery(pack: pack, model: model, groups: groups)
    }

    /// Returns the query's best build for the memory that an app may use on a phone with so many gigabytes.
    private func best(
        _ request: PlayRequest,
        _ choice: VersionChoice,
        _ gigabytes: Int
    ) throws -> (BuildRecord, FitEstimate)? {
        var query = BuildQuery()
        // Half of the memory: docs/device-fit.md, Memory.
        query.ram = ByteSize(bytes: gigabytes * 500_000_000)
        (query.platform, query.context, query.kvType) = (.android, request.context, request.kvType)
        query.maxSize = ByteSize(bytes: PlayDelivery.largestPack)
        return try choice.ranked(query, in: self).first
    }

    private static func packName(_ model: String) -> String {
        let name = String(model.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return name.first?.isLetter == true ? name : "model_\(name)"
    }
}
