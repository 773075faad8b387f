import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// The credentials of the user. The type has no description, and no message contains any part of it.
package struct S3Credentials: Sendable {
    package let accessKey: String
    package let secret: String
    package let sessionToken: String?

    /// The largest credentials file, in bytes; a longer one is rejected.
    private static let longestFile = 1 << 20

    /// Reads credentials from the environment, or else from the profile's section of the credentials file.
    /// - Throws: `ObjectStorageError.badCredentials`.
    package init(environment: [String: String]) throws {
        let access = environment.variable("AWS_ACCESS_KEY_ID")
        let secret = environment.variable("AWS_SECRET_ACCESS_KEY")
        if access != nil || secret != nil {
            guard let access, let secret else {
                throw ObjectStorageError.badCredentials("one half of the credentials for object storage is not set")
            }
            try self.init(access, secret, environment.variable("AWS_SESSION_TOKEN"))
            return
        }
        let path =
            environment.path("AWS_SHARED_CREDENTIALS_FILE")
            ?? environment.variable("HOME").map { FilePath($0).appending(".aws").appending("credentials") }
        guard let path, let status = FileStatus(path), status.byteCount <= Self.longestFile,
            let data = FileManager.default.contents(atPath: path.string)
        else {
            throw ObjectStorageError.badCredentials("there are no credentials for object storage")
        }
        let profile = environment.variable("AWS_PROFILE") ?? "default"
        let values = Self.section(profile, of: String(decoding: data, as: UTF8.self))
        guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
            throw ObjectStorageError.badCredentials("\(path) has no credentials in the section [\(profile.harmless)]")
        }
        try self.init(access, secret, values["aws_session_token"])
    }

    private init(_ access: String, _ secret: String, _ token: String?) throws {
        // They become headers, where a line break would start another header.
        guard
            [access, secret, token ?? "-"].allSatisfy({ text in
                !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            })
        else {
            throw ObjectStorageError.badCredentials("the credentials for object storage hold characters that none have")
        }
        (accessKey, self.secret, sessionToken) = (access, secret, token)
    }

    /// The settings of one section of an INI file.
    private static func section(_ name: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                isInside = line.dropFirst().prefix { $0 != "]" }.trimmingCharacters(in: .whitespaces) == name
                continue
            }
            let halves = line.split(separator: "=", maxSplits: 1)
            guard isInside, halves.count == 2 else { continue }
            values[halves[0].trimmingCharacters(in: .whitespaces).lowercased()] =
                halves[1].trimmingCharacters(in: .whitespaces)
        }
        return values
    }
}
