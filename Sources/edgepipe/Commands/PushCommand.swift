import ArgumentParser
import Distribution
import Registry
import Steps

struct PushCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send builds, with what is known of them, to an OCI registry.",
        discussion: """
            EXAMPLES
              edgepipe push phi3@1.0.0 oci://ghcr.io/team/phi3
              edgepipe push phi3@stable:q4_k_m oci://ghcr.io/team/phi3
              edgepipe push phi3:q4_k_m oci://localhost:5000/phi3:test --insecure
              edgepipe push phi3@1.1.0 oci://ghcr.io/team/phi3 --deltas 2
              edgepipe push oci://ghcr.io/team/models

            The last argument is the place; none before it means all builds. A build is tagged by version and type, such as \
            1.0.0-q4_k_m: for Docker's model runner, oras and skopeo. The tag with -modelpack behind is for ModelPack's clients, and \
            the one with -ollama for Ollama. All three name the same file, which is sent once.

            Facts, signatures, provenance, bill of materials and the list of parts are attached to the build. A push that was cut goes \
            on where it was. Credentials come from `docker login`, or from EDGEPIPE_OCI_USER and EDGEPIPE_OCI_PASSWORD.
            """
    )

    @Argument(help: ArgumentHelp("Builds, and oci://host/path[:tag] at the end.", valueName: "builds and place"))
    var names: [String]

    @Option(help: ArgumentHelp("Whose clients it is for: docker,modelpack,ollama; all by default.", valueName: "list"))
    var dialect: String?

    @Option(help: ArgumentHelp("Size of a chunk, which is what a cut costs; 16MiB by default.", valueName: "size"))
    var chunk: String?

    @Option(
        help: ArgumentHelp(
            "From how many earlier versions deltas are offered, where they save 40 % or more; none by default.",
            valueName: "n"
        )
    )
    var deltas: Int?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        guard let last = names.last, OCIReference.isWritten(last) else {
            throw ValidationError("The last argument is the place: oci://HOST/PATH or oci://HOST/PATH:TAG.")
        }
        guard names.dropLast().allSatisfy({ !OCIReference.isWritten($0) }) else {
            throw ValidationError("There is one place, at the end. Push to each by itself.")
        }
    }

    func run() throws {
        let line = records.progressLine()
        let place = try RemotePlace(names[names.count - 1], isInsecure: registry.insecure)
        let request = try PushRequest(dialects: dialect, chunk: chunk, deltas: deltas)
        let report = try registry.reading { session in
            try Operations.push(Array(names.dropLast()), to: place, request, from: session) {
                try line.track($0, $1, $2)
            }
        }
        line.clear()
        try records.print(report) { _ in
            let lines = report.pushed.map { "\($0.reference): \($0.build) for \($0.dialect.rawValue), \($0.digest)" }
            let sizes = "sent \(sizeText(report.bytesSent)), mounted \(sizeText(report.bytesMounted))"
            return (lines + [sizes]).joined(separator: "\n")
        }
    }
}
