import Answers
import Architectures
import ArgumentParser

/// The conditions on builds: options of every command that selects among them.
struct FilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory that the app may use, such as 3GB or 2.5GiB; with --device, the smaller limit counts.",
            valueName: "size"
        )
    )
    var ram: String?

    @Option(help: ArgumentHelp("android or ios.", valueName: "name"))
    var platform: String?

    @Option(
        name: .customLong("device"),
        help: ArgumentHelp("A device of `edgepipe devices`; repeat it for several.", valueName: "id")
    )
    var devices: [String] = []

    @Option(
        name: .customLong("os"),
        help: ArgumentHelp(
            "Version of the operating system, which decides memory limits: 17, 26.4.",
            valueName: "version"
        )
    )
    var system: String?

    @Option(
        help: ArgumentHelp(
            "Context length in tokens; default: 4096, or the model's own maximum if that is lower.",
            valueName: "n"
        )
    )
    var context: Int?

    @Option(help: ArgumentHelp("Element type of the KV cache; default: f16.", valueName: "type"))
    var kvType: String?

    @Option(help: ArgumentHelp("Only builds of this model.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Largest file size.", valueName: "size"))
    var maxSize: String?

    @Option(help: ArgumentHelp("Lowest acceptable speed, in tokens a second.", valueName: "tps"))
    var minSpeed: Double?

    @Option(
        help: ArgumentHelp(
            "Lowest acceptable speed after ten minutes without a pause, in tokens a second.",
            valueName: "tps"
        )
    )
    var minSustainedSpeed: Double?

    @Option(help: ArgumentHelp("Most battery that 1000 tokens may take, in percent.", valueName: "percent"))
    var maxBattery: Double?

    @Option(help: ArgumentHelp("Only builds under this licence.", valueName: "id"))
    var license: String?

    @Option(help: ArgumentHelp("Only builds in this channel.", valueName: "name"))
    var channel: String?

    @Option(
        help: ArgumentHelp(
            "language, embedding or reranker; default: language, or the kind of --model.",
            valueName: "kind"
        )
    )
    var kind: String?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("A tag that the model must have; repeat it for several.", valueName: "word")
    )
    var tags: [String] = []

    @Flag(help: "Only builds that take images; the projector counts as memory.")
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
