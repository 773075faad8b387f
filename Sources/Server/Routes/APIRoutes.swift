import Answers
import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Distribution
import HTTPTypes
import Registry

/// The routes for programs: the results of the commands, under the same names.
enum APIRoutes {
    static let json = "application/json"

    static let all: [Route] = [
        query, compare, fit, builds, build, deltas, models, versions, channels, devices, device, health,
    ]

    /// Answers with the JSON that the command of the same name prints.
    private static func answer<Record: Encodable & SendableMetatype>(
        _ call: Call,
        _ services: Services,
        _ key: String,
        _ make: @escaping @Sendable (RegistrySession) throws -> Record
    ) async throws -> Answer {
        let names = call.names.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        let kept = try await services.cached("\(key)?\(names)?\(call.values.canonical)") { session in
            try RecordText.json(make(session))
        }
        return .tagged(kept.bytes, as: json, etag: kept.etag, call)
    }

    // MARK: Questions

    private static let query = Route(
        method: .get,
        path: "/api/v1/query",
        summary:
            "The best build, the runners-up, and for every refused one the reasons; what `edgepipe query` prints as JSON.",
        parameters: QueryParameters.filters,
        schema: .named("Answer")
    ) { call, services in
        let query = try QueryParameters.query(call.values)
        return try await answer(call, services, "query") { try query.answer(from: $0) }
    }

    private static let compare = Route(
        method: .get,
        path: "/api/v1/compare",
        summary: "The page that compares two or three builds for one platform, in Markdown.",
        parameters: [
            Parameter(
                name: "build",
                isList: true,
                help: "A build, model[@version]:type; the best three that fit where none are named."
            ),
            Parameter(name: "task", help: "What the app is for, in your words."),
            Parameter(
                name: "lang",
                form: .choice(Language.allCases.map(\.rawValue)),
                help: "The language of the page."
            ),
        ] + QueryParameters.filters
    ) { call, services in
        var request = BriefRequest()
        (request.builds, request.task) = (call.values.list("build"), call.values.text("task"))
        request.language = call.values.text("lang").flatMap { Language(rawValue: $0.lowercased()) } ?? .english
        request.query = try QueryParameters.query(call.values)
        let asked = request
        let kept = try await services.cached("compare?\(call.values.canonical)") { session in
            guard let brief = try session.brief(asked) else {
                throw ServerError.notFound(
                    "no build matches. Allow more memory, a shorter context, or publish a smaller build."
                )
            }
            return brief.markdown.visibleLines + "\n"
        }
        return .tagged(kept.bytes, as: "text/markdown; charset=utf-8", etag: kept.etag, call)
    }

    private static let fit = Route(
        method: .get,
        path: "/api/v1/fit",
        summary: "Memory, speed, heat and battery of a build on phones.",
        parameters: [
            Parameter(
                name: "build",
                isRequired: true,
                help: "The build, model[@version][:type].",
                example: "phi3:q4_k_m"
            ),
            Parameter(
                name: "device",
                isList: true,
                help: "A device of the catalogue; all of them where none are named."
            ),
            Parameter(name: "os", help: "Version of the devices' system, which limits memory: 17, 26.4."),
            Parameter(name: "context", form: .integer(1...(1 << 24)), help: "Tokens of context."),
            Parameter(name: "kv-type", help: "Element type of the key-value cache; f16 by default."),
            Parameter(
                name: "batch",
                form: .integer(1...(1 << 16)),
                help: "Tokens processed at once while a prompt is read."
            ),
            Parameter(name: "images", form: .flag, help: "Whether what the model sees with is loaded, too."),
        ],
        schema: .array(.named("Estimate"))
    ) { call, services in
        var question = FitQuestion(call.values.text("build") ?? "")
        (question.devices, question.system) = (call.values.list("device"), call.values.text("os"))
        question.context = call.values.integer("context")
        question.kvType = call.values.text("kv-type") ?? question.kvType
        question.batch = call.values.integer("batch") ?? question.batch
        question.takesImages = call.values.flag("images")
        let asked = question
        return try await answer(call, services, "fit") { try $0.fits(asked) }
    }

    // MARK: Records

    private static let builds = Route(
        method: .get,
        path: "/api/v1/builds",
        summary: "All builds; what `edgepipe registry list` prints as JSON.",
        parameters: [
            Parameter(name: "model", help: "Builds of this model only."),
            Parameter(name: "channel", help: "Builds in this channel only."),
            Parameter(name: "type", help: "Builds of this type only, such as q4_k_m."),
        ],
        schema: .array(.named("Build"))
    ) { call, services in
        let filter = BuildFilter(
            model: call.values.text("model"),
            channel: call.values.text("channel"),
            type: call.values.text("type")
        )
        return try await answer(call, services, "builds") { try $0.registry.builds(matching: filter) }
    }

    private static let build = Route(
        method: .get,
        path: "/api/v1/builds/{build}",
        summary: "Everything known of a build, model[@version][:type]; what `edgepipe registry show` prints as JSON.",
        schema: .named("BuildDetails")
    ) { call, services in
        let name = call.name("build")
        return try await answer(call, services, "build") { try $0.details(of: name) }
    }

    private static let deltas = Route(
        method: .get,
        path: "/api/v1/builds/{build}/deltas",
        summary: "Files that lead from older builds to this one; none where there are none.",
        schema: .array(
            .object(["from": .string, "builds": .array(.string), "sha256": .string, "bytes": .integer, "path": .string])
        )
    ) { call, services in
        let name = call.name("build")
        return try await answer(call, services, "deltas") { session -> [DeltaRecord] in
            let build = try session.registry.resolve(BuildReference(name))
            return try DeltaShelf(beside: session.path).entries(to: build.digest).map { entry in
                DeltaRecord(entry, from: try session.registry.builds(ofDigest: entry.from).map { "\($0.name)" }, build)
            }
        }
    }

    /// A delta that leads to a build.
    private struct DeltaRecord: Encodable {
        /// SHA-256 of the file that the delta applies to.
        let from: String
        /// The builds with these bytes.
        let builds: [String]
        let sha256: String
        let bytes: Int
        /// The path to download the delta from.
        let path: String

        init(_ entry: DeltaShelf.Entry, from builds: [String], _ build: BuildRecord) {
            (from, self.builds, sha256, bytes) = ("\(entry.from)", builds, "\(entry.digest)", entry.bytes)
            path = "/v2/\(build.name.model)/blobs/sha256:\(entry.digest)"
        }
    }

    private static let models = Route(
        method: .get,
        path: "/api/v1/models",
        right: .pullAny,
        summary: "The names of all models that offer a build.",
        schema: .array(.string)
    ) { call, services in
        try await answer(call, services, "models") { Set(try $0.versions().map(\.model)).sorted() }
    }

    private static let versions = Route(
        method: .get,
        path: "/api/v1/models/{model}/versions",
        summary: "The versions of a model, the newest first, with their types and channels.",
        schema: .array(.named("Version"))
    ) { call, services in
        let model = call.name("model")
        return try await answer(call, services, "versions") { try versions(of: model, $0) }
    }

    private static let channels = Route(
        method: .get,
        path: "/api/v1/models/{model}/channels",
        summary: "Where the channels of a model point.",
        schema: .map(.string)
    ) { call, services in
        let model = call.name("model")
        return try await answer(call, services, "channels") { session -> [String: String] in
            let pairs = try versions(of: model, session).flatMap { version in
                version.channels.map { ($0, "\(version.version)") }
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    private static func versions(of model: String, _ session: RegistrySession) throws -> [VersionRecord] {
        let all = try session.versions()
        let found = all.filter { $0.model == model }
        guard found.isEmpty else { return found }
        let known = Set(all.map(\.model)).sorted()
        let advice = known.isEmpty ? "" : " \(Spelling.advice(for: model, among: known))"
        throw ServerError.notFound("the registry has no model '\(model.visible)'.\(advice)")
    }

    // MARK: Phones

    private static let devices = Route(
        method: .get,
        path: "/api/v1/devices",
        right: .nothing,
        summary: "The phones that the program knows; what `edgepipe devices` prints as JSON.",
        parameters: [
            Parameter(name: "word", isList: true, help: "Words that stand in id, name or chip."),
            Parameter(name: "platform", form: .choice(["android", "ios"]), help: "Phones of this system only."),
            Parameter(name: "min-ram", help: "Least memory: 4GiB.", example: "4GiB"),
            Parameter(name: "max-ram", help: "Most memory: 8GiB.", example: "8GiB"),
            Parameter(name: "since", form: .integer(0...9999), help: "First year."),
            Parameter(name: "until", form: .integer(0...9999), help: "Last year."),
        ],
        schema: .array(.named("Device"))
    ) { call, services in
        var filter = try DeviceFilter(
            platform: call.values.text("platform"),
            minRAM: call.values.text("min-ram"),
            maxRAM: call.values.text("max-ram")
        )
        filter.words = call.values.list("word")
        let since = call.values.integer("since") ?? 0
        filter.years = since...max(since, call.values.integer("until") ?? 9999)
        let wanted = filter
        return try await answer(call, services, "devices") { try $0.catalogue().devices.filter(wanted.accepts) }
    }

    private static let device = Route(
        method: .get,
        path: "/api/v1/devices/{device}",
        right: .nothing,
        summary: "One phone, by its id, name or model code, with sources and confidence.",
        parameters: [Parameter(name: "os", help: "Version of its system, which limits memory: 17, 26.4.")],
        schema: .named("Device")
    ) { call, services in
        let (name, system) = (call.name("device"), call.values.text("os"))
        return try await answer(call, services, "device") { session -> Device in
            do {
                return try session.catalogue().devices([name], running: system)[0]
            } catch DeviceFitError.unknownDevice(let text, let suggestions) {
                throw ServerError.notFound(DeviceFitError.unknownDevice(text, suggestions: suggestions).description)
            }
        }
    }

    private static let health = Route(
        method: .get,
        path: "/healthz",
        right: .nothing,
        summary: "Whether the registry can be read right now.",
        schema: .object(["status": .string])
    ) { _, services in
        try await services.asking { _ = try $0.registry.modelNames() }
        return Answer(bytes: Array("{\"status\":\"ok\"}\n".utf8), as: json, [(.cacheControl, "no-store")])
    }
}
