import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// A user's token for the Hub. It is sent in one header and used nowhere else; printing the value does not reveal it.
package struct HubToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let text: String

    package var header: String { "Bearer \(text)" }
    package var description: String { "a token" }
    package var debugDescription: String { description }

    /// - Throws: `ModelHubError.badTokenText` for characters that would break the header.
    package init?(_ text: String) throws {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { return nil }
        guard trimmed.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw ModelHubError.badTokenText }
        self.text = trimmed
    }

    /// Reads the token from `HF_TOKEN`, or from the file that `hf auth login` writes.
    package init?(environment: [String: String]) throws {
        if let text = environment.variable("HF_TOKEN"), let token = try HubToken(text) {
            self = token
            return
        }
        let path = environment.path("HF_TOKEN_PATH") ?? HubCache.home(environment).appending("token")
        guard FileStatus(path)?.isFolder == false else { return nil }
        try self.init(String(decoding: try readFile(path, limit: 4096), as: UTF8.self))
    }
}
