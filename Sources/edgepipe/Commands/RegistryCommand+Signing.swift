import Answers
import ArgumentParser
import SystemPackage

extension RegistryCommand {
    struct SignCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "sign",
            abstract: "Sign a build, so that others can verify who made it.",
            discussion: """
                EXAMPLES
                  edgepipe registry sign phi3@1.0.0:q4_k_m --key private.pem -o model.sig
                  edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf --key public.pem
                  model_signing verify key model.gguf --signature model.sig --public_key public.pem

                A pair of keys:
                  openssl ecparam -name prime256v1 -genkey -noout -out private.pem
                  openssl ec -in private.pem -pubout -out public.pem
                """
        )
        @Argument(help: "model[@version][:type]") var build: String
        @Option(help: ArgumentHelp("The private key, P-256 in PEM form.", valueName: "file")) var key: String
        @Option(
            name: [.customShort("o"), .long],
            help: ArgumentHelp("Also write the signature to this file.", valueName: "file")
        )
        var output: String?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try registry.changing { session in
                try session.sign(build, with: FilePath(key), output: output.map { FilePath($0) })
            }
            try records.print(report) { _ in "\(report.build): signed, sha256 \(report.sha256)" }
        }
    }

    struct AttestCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "attest",
            abstract: "Write a build's provenance, test results and bill of materials.",
            discussion: """
                EXAMPLES
                  edgepipe registry attest phi3@1.0.0:q4_k_m -o folder

                SLSA provenance 1, an in-toto test result, and CycloneDX 1.6; statements, not signed.
                """
        )
        @Argument(help: "model[@version][:type]") var build: String
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder.", valueName: "folder"))
        var output: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try registry.reading { try $0.attest(build, to: FilePath(output)) }
            try records.print(report) { _ in report.files.asLines }
        }
    }
}
