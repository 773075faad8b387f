import ArgumentParser
import BinaryIO
import Foundation
import Server
import SystemPackage

/// A registry over HTTP, and the tokens of those who may use it.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a registry over HTTP: to programs, to Docker, Ollama, skopeo, huggingface_hub and llama.cpp.",
        discussion: """
            EXAMPLES
              edgepipe serve
              edgepipe serve --listen 127.0.0.1:0
              edgepipe serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem
              edgepipe serve --writable --tokens tokens.json
              edgepipe serve token new --model 'phi3*' --allow push --expires 90d --tokens tokens.json

            By default the server is read-only and listens on this machine only. docs/serve.md lists the endpoints \
            and how to configure each client.
            """,
        subcommands: [StartCommand.self, TokenCommand.self],
        defaultSubcommand: StartCommand.self
    )
}

extension ServeCommand {
    struct StartCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract: "Answer requests until Ctrl-C or SIGTERM (the default subcommand).",
            discussion: """
                EXAMPLES
                  edgepipe serve start --registry /data/registry.db
                  edgepipe serve --listen 127.0.0.1:9000 --owner team
                """
        )

        @Option(help: ArgumentHelp("Address to listen on; port 0 picks a free one.", valueName: "host:port"))
        var listen = "127.0.0.1:8080"

        @Option(help: ArgumentHelp("A certificate in PEM form, for HTTPS.", valueName: "file"))
        var tlsCert: String?

        @Option(help: ArgumentHelp("The certificate's key in PEM form.", valueName: "file"))
        var tlsKey: String?

        @Flag(help: "A proxy in front of the server handles TLS and client limits.")
        var behindProxy = false

        @Option(help: ArgumentHelp("Owner of the models in Hugging Face addresses.", valueName: "name"))
        var owner = "edgepipe"

        @Flag(help: "Accept builds that are pushed with a token.")
        var writable = false

        @Option(help: ArgumentHelp("The file of tokens, as `serve token new` writes it.", valueName: "file"))
        var tokens: String?

        @Option(
            help: ArgumentHelp(
                "Also serve this cache of step results, for --cache http://host; writing needs --writable and a token for all models.",
                valueName: "folder"
            )
        )
        var cache: String?

        @OptionGroup var registry: RegistryOptions

        func validate() throws {
            guard (tlsCert == nil) == (tlsKey == nil) else {
                throw ValidationError("--tls-cert and --tls-key go together. Give both, or neither.")
            }
            guard tlsCert == nil || !behindProxy else {
                throw ValidationError(
                    "--behind-proxy means that the proxy encrypts. Leave it out, or leave out --tls-cert."
                )
            }
        }

        func run() throws {
            var settings = ServerSettings(registry: try registry.file)
            try settings.listen(on: listen)
            if let tlsCert, let tlsKey {
                settings.transport = .tls(certificate: FilePath(tlsCert), key: FilePath(tlsKey))
            } else if behindProxy {
                settings.transport = .behindProxy
            }
            settings.cache = cache.map { FilePath($0) }
            (settings.owner, settings.isWritable, settings.tokens) = (owner, writable, tokens.map { FilePath($0) })
            let server = try RegistryServer(settings) { Console.message($0) }
            try server.run { Console.error("listening on \($0)") }
        }
    }

    struct TokenCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "token",
            abstract: "Manage the tokens of a server.",
            discussion: """
                EXAMPLES
                  edgepipe serve token new --model phi3 --allow push --expires 90d --tokens tokens.json
                """,
            subcommands: [New.self]
        )

        struct New: RecordCommand {
            static let configuration = CommandConfiguration(
                abstract: "Create a token and print it once; the file stores its SHA-256.",
                discussion: """
                    EXAMPLES
                      edgepipe serve token new --model '*' --allow pull --tokens tokens.json
                      edgepipe serve token new --model 'phi3*' --allow pull,push --expires 90d --tokens tokens.json

                    A running server picks up changes of the file. To revoke a token, remove its entry. If the file \
                    says "private": true, reading needs a token, too.
                    """
            )

            @Option(
                help: ArgumentHelp("Models that the token covers; * matches anything.", valueName: "name")
            )
            var model: String

            @Option(help: ArgumentHelp("What the token allows: pull or push; push includes pull.", valueName: "list"))
            var allow: String

            @Option(help: ArgumentHelp("Lifetime, such as 90d; default: unlimited.", valueName: "days"))
            var expires: String?

            @Option(help: ArgumentHelp("The file of tokens; created if needed.", valueName: "file"))
            var tokens: String

            @OptionGroup var records: OutputOptions

            func run() throws {
                let made = try TokenFile.adding(model: model, allow: allow, expires: expires, to: FilePath(tokens))
                try records.print(["id": made.id, "token": made.token]) { _ in made.token }
                records.remark(
                    "this is the only time that the token is shown; \(tokens) keeps its digest as \(made.id)"
                )
            }
        }
    }
}
