import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// The credentials for a registry. They are sent only to that registry and to its token server; printing a value does
/// not reveal them.
enum OCICredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    case password(user: String, String)
    /// A token to exchange for other tokens.
    case identityToken(String)
    /// A token for the registry itself.
    case bearer(String)

    var description: String { "credentials" }
    var debugDescription: String { description }

    /// User and password in Base64, for HTTP basic authentication; nil for tokens.
    var basic: String? {
        guard case .password(let user, let password) = self else { return nil }
        return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// Whether a text contains nothing that could break a header.
    static func isHarmless(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
}

/// Finds credentials, in this order: `EDGEPIPE_OCI_TOKEN`, or `EDGEPIPE_OCI_USER` and `EDGEPIPE_OCI_PASSWORD`; then the
/// files of docker and podman (`REGISTRY_AUTH_FILE`, `DOCKER_CONFIG`, `~/.docker/config.json`, containers/auth.json),
/// with their credential helpers.
struct OCICredentialStore: Sendable {
    private let environment: [String: String]

    /// The largest configuration file, in bytes; a longer one is rejected.
    private static let longestFile = 1 << 20
    /// The most that a helper may print, in bytes, and the most time that it may take, in seconds.
    private static let longestAnswer = 1 << 16
    private static let helperTimeout = 30.0

    init(environment: [String: String] = ProcessInfo.processInfo.environment) { self.environment = environment }

    /// - Parameter host: the host with its port, as in the reference.
    /// - Returns: nil if there are no credentials; requests are anonymous then.
    /// - Throws: `DistributionError.badCredentials` for a file that cannot be read, or a helper that fails.
    func credentials(for host: String) throws -> OCICredentials? {
        if let token = environment.variable("EDGEPIPE_OCI_TOKEN") { return .bearer(try Self.checked(token, host)) }
        if let user = environment.variable("EDGEPIPE_OCI_USER") {
            let password = environment["EDGEPIPE_OCI_PASSWORD"] ?? ""
            return .password(user: try Self.checked(user, host), try Self.checked(password, host))
        }
        for path in files where FileStatus(path)?.isFolder == false {
            if let found = try credentials(for: host, in: path) { return found }
        }
        return nil
    }

    private var files: [FilePath] {
        var files: [FilePath] = []
        if let path = environment.path("REGISTRY_AUTH_FILE") { files.append(path) }
        if let folder = environment.path("DOCKER_CONFIG") {
            files.append(folder.appending("config.json"))
        } else if let home = environment.variable("HOME") {
            files.append(FilePath(home).appending(".docker").appending("config.json"))
        }
        if let folder = environment.path("XDG_RUNTIME_DIR") {
            files.append(folder.appending("containers").appending("auth.json"))
        }
        return files
    }

    private func credentials(for host: String, in path: FilePath) throws -> OCICredentials? {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: try readFile(path, limit: Self.longestFile))
        } catch let error as FileError {
            throw error
        } catch {
            throw DistributionError.badCredentials(host, "\(path) is no JSON: \(error)")
        }
        // Docker Hub has had several names.
        let names = host == "registry-1.docker.io" ? [host, "https://index.docker.io/v1/", "docker.io"] : [host]
        let written = names.flatMap { [$0, "https://\($0)", "http://\($0)"] }
        for name in written {
            if let helper = json["credHelpers"]?[name]?.string { return try ask(helper, for: host) }
        }
        let entry = written.lazy.compactMap { json["auths"]?[$0] }.first
        if let token = entry?["identitytoken"]?.string, !token.isEmpty {
            return .identityToken(try Self.checked(token, host))
        }
        if let token = entry?["registrytoken"]?.string, !token.isEmpty { return .bearer(try Self.checked(token, host)) }
        if let text = entry?["auth"]?.string, !text.isEmpty {
            guard let data = Data(base64Encoded: text), let pair = String(validating: data, as: UTF8.self),
                let colon = pair.firstIndex(of: ":")
            else {
                throw DistributionError.badCredentials(
                    host,
                    "its 'auth' in \(path) is not a user and password in base64"
                )
            }
            let password = String(pair[pair.index(after: colon)...])
            return .password(user: try Self.checked(String(pair[..<colon]), host), try Self.checked(password, host))
        }
        guard let store = json["credsStore"]?.string, !store.isEmpty else { return nil }
        return try ask(store, for: host)
    }

    /// Runs `docker-credential-NAME get`, which reads the host and prints `{"Username", "Secret"}`.
    private func ask(_ helper: String, for host: String) throws -> OCICredentials? {
        guard helper.wholeMatch(of: /[a-z0-9][a-z0-9._\-]{0,63}/) != nil else {
            throw DistributionError.badCredentials(
                host,
                "'\(helper.visible.prefix(64))' is not a valid credential helper name"
            )
        }
        let name = "docker-credential-\(helper)"
        guard let output = try HelperProgram(name, environment).run(input: host, Self.longestAnswer, Self.helperTimeout)
        else { return nil }
        guard let json = try? JSONValue(parsing: output), let user = json["Username"]?.string,
            let secret = json["Secret"]?.string
        else { throw DistributionError.badCredentials(host, "\(name) printed no user and secret") }
        // Helpers use this user name if the secret is a token to exchange.
        let isToken = user == "<token>"
        return isToken
            ? .identityToken(try Self.checked(secret, host))
            : .password(user: try Self.checked(user, host), try Self.checked(secret, host))
    }

    private static func checked(_ text: String, _ host: String) throws -> String {
        guard OCICredentials.isHarmless(text) else {
            throw DistributionError.badCredentials(host, "they have characters that would break a header")
        }
        return text
    }
}
