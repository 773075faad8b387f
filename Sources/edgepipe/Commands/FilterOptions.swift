import Answers
import Architectures
import ArgumentParser

/// What builds are asked for: options of every command that chooses among them.
struct FilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory that the app may use: 3GB, 2.5GiB. Beside a device, the smaller limit counts.",
            valueName: "size"
        )
    )
    var ram: String?

    @Option(help: ArgumentHelp("android or ios.", valueName: "name"))
    var platform: String?

    @Option(
        name: .customLong("device"),
        help: ArgumentHelp("A device of `edgepipe devices`; may be repeated.", valueName: "id")
    )
    var devices: [String] = []

    @Option(
        name: .customLong("os"),
        help: ArgumentHelp("Version of the devices' system, which limits memory: 17, 26.4.", valueName: "version")
    )
    var system: String?

    @Option(help: ArgumentHelp("Tokens of context; 4096, or the model's own where that is less.", valueName: "n"))
    var context: Int?

    @Option(help: ArgumentHelp("Element type of the key-value cache; f16 by default.", valueName: "type"))
    var kvType: String?

    @Option(help: ArgumentHelp("Builds of this model only.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Largest file.", valueName: "size"))
    var maxSize: String?

    @Option(help: ArgumentHelp("Slowest generation, in tokens a second.", valueName: "tps"))
    var minSpeed: Double?

    @Option(help: ArgumentHelp("Slowest generation after ten minutes without a pause.", valueName: "tps"))
    var minSustainedSpeed: Double?

    @Option(help: ArgumentHelp("Most of the battery for 1000 tokens, in percent.", valueName: "percent"))
    var maxBattery: Double?

    @Option(help: ArgumentHelp("Builds under this licence only.", valueName: "id"))
    var license: String?

    @Option(help: ArgumentHelp("Builds in this channel only.", valueName: "name"))
    var channel: String?

    @Option(
        help: ArgumentHelp(
            "language, embedding or reranker; language models by default, or what --model gives.",
            valueName: "kind"
        )
    )
    var kind: String?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("What the model is for, as it is tagged; may be repeated.", valueName: "word")
    )
    var tags: [String] = []

    @Flag(help: "Builds that take images only; what they see with counts as memory.")
    var images = false

    func validate() throws {
        let numbers = [
            ("--min-speed", minSpeed), ("--min-sustained-speed", minSustainedSpeed), ("--max-battery", maxBattery),
        ]
        for (name, value) in numbers where value.map({ $0 < 0 || !$0.isFinite }) == true {
            throw ValidationError("\(name) takes a number of at least 0.")
        }
        if let kind, ModelKind(rawValue: kind) == nil {
            throw ValidationError("--kind takes \(ModelKind.names.joined(separator: ", ")).")
        }
        guard tags.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("--tag takes a word.") }
    }

    func query() throws -> BuildQuery {
        var query = try BuildQuery(ram: ram, platform: platform, maxSize: maxSize)
        (query.devices, query.system, query.context, query.kvType, query.model) = (
            devices, system, context, kvType, model
        )
        (query.minSpeed, query.license, query.channel) = (minSpeed, license, channel)
        (query.minSustainedSpeed, query.maxBattery, query.tags) = (minSustainedSpeed, maxBattery, tags)
        query.takesImages = images
        query.kind = kind.flatMap(ModelKind.init(rawValue:))
        return query
    }
}
