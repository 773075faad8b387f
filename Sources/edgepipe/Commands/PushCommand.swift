import ArgumentParser
import Distribution
import Registry
import Steps

struct PushCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Upload builds and their metadata to an OCI registry.",
        discussion: """
            EXAMPLES
              edgepipe push phi3@1.0.0 oci://ghcr.io/team/phi3
              edgepipe push phi3@stable:q4_k_m oci://ghcr.io/team/phi3
              edgepipe push phi3:q4_k_m oci://localhost:5000/phi3:test --insecure
              edgepipe push phi3@1.1.0 oci://ghcr.io/team/phi3 --deltas 2
              edgepipe push oci://ghcr.io/team/models

            The last argument is the destination; without builds before it, all are pushed. A build is tagged by \
            version and type, such as 1.0.0-q4_k_m, for Docker's model runner, oras and skopeo. The tag that ends in \
            -modelpack is for ModelPack's clients, and the one that ends in -ollama for Ollama. All three refer to \
            the same file, which is uploaded once.

            Facts, signatures, provenance, bill of materials and the list of parts are attached to the build. An \
            interrupted push resumes when it is run again. Credentials come from `docker login`, or from \
            EDGEPIPE_OCI_USER and EDGEPIPE_OCI_PASSWORD.
            """
    )

    @Argument(help: ArgumentHelp("Builds, and oci://host/path[:tag] at the end.", valueName: "builds and place"))
    var names: [String]

    @Option(help: ArgumentHelp("Manifest formats to push: docker,modelpack,ollama; default: all.", valueName: "list"))
    var dialect: String?

    @Option(
        help: ArgumentHelp(
            "Size of an upload chunk, the most that is sent twice after an interruption; default: 16MiB.",
            valueName: "size"
        )
    )
    var chunk: String?

    @Option(
        help: ArgumentHelp(
            "Offer deltas from this many earlier versions if they save 40 % or more; default: 0.",
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
