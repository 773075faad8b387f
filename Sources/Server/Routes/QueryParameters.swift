import Answers
import Architectures
import DeviceFit

/// The options of `edgepipe query` as parameters of a request.
package enum QueryParameters {
    package static let filters: [Parameter] = [
        Parameter(
            name: "ram",
            help: "Memory that the app may use; beside a device, the smaller limit counts.",
            example: "3GB"
        ),
        Parameter(
            name: "platform",
            form: .choice(["android", "ios"]),
            help: "The system of the phones.",
            example: "android"
        ),
        Parameter(
            name: "device",
            isList: true,
            help: "A device of the catalogue; builds have to fit all that are named."
        ),
        Parameter(name: "os", help: "Version of the devices' system, which limits memory: 17, 26.4."),
        Parameter(
            name: "context",
            form: .integer(1...(1 << 24)),
            help: "Tokens of context; 4096, or the model's own where that is less."
        ),
        Parameter(name: "kv-type", help: "Element type of the key-value cache; f16 by default."),
        Parameter(name: "model", help: "Builds of this model only."),
        Parameter(name: "max-size", help: "Largest file.", example: "2GB"),
        Parameter(name: "min-speed", form: .number, help: "Slowest generation, in tokens a second."),
        Parameter(
            name: "min-sustained-speed",
            form: .number,
            help: "Slowest generation after ten minutes without a pause."
        ),
        Parameter(name: "max-battery", form: .number, help: "Most of the battery for 1000 tokens, in percent."),
        Parameter(name: "license", help: "Builds under this licence only."),
        Parameter(name: "channel", help: "Builds in this channel only."),
        Parameter(
            name: "kind",
            form: .choice(ModelKind.names),
            help: "What the models give; language models by default."
        ),
        Parameter(name: "tag", isList: true, help: "What the model is for, as it is tagged."),
        Parameter(
            name: "images",
            form: .flag,
            help: "Builds that take images only; what they see with counts as memory."
        ),
    ]

    /// - Throws: `DeviceFitError` for sizes that cannot be parsed.
    static func query(_ values: ParameterValues) throws -> BuildQuery {
        var query = try BuildQuery(
            ram: values.text("ram"),
            platform: values.text("platform"),
            maxSize: values.text("max-size")
        )
        (query.devices, query.system, query.context) = (
            values.list("device"), values.text("os"), values.integer("context")
        )
        (query.kvType, query.model, query.minSpeed) = (
            values.text("kv-type"), values.text("model"), values.number("min-speed")
        )
        (query.minSustainedSpeed, query.maxBattery) = (
            values.number("min-sustained-speed"), values.number("max-battery")
        )
        (query.license, query.channel, query.tags) = (
            values.text("license"), values.text("channel"), values.list("tag")
        )
        query.takesImages = values.flag("images")
        query.kind = values.text("kind").flatMap { ModelKind(rawValue: $0.lowercased()) }
        return query
    }
}
