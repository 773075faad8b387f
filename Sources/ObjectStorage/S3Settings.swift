import Foundation
import Transfer

/// The endpoint and credentials of object storage, from the environment variables that other S3 programs use.
public struct S3Settings: Sendable {
    package let endpoint: HTTPAddress
    /// The region that requests are signed for.
    public let region: String
    let credentials: S3Credentials
    package var transport = TransportSettings()
    /// The endpoint as it was set; nil for Amazon's own.
    public let ownEndpoint: String?

    /// Reads AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION or AWS_DEFAULT_REGION, and the credentials.
    /// - Throws: `ObjectStorageError`.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let region = environment.variable("AWS_REGION") ?? environment.variable("AWS_DEFAULT_REGION") ?? "us-east-1"
        guard region.utf8.count <= 64, region.utf8.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "-") }) else {
            throw ObjectStorageError.badEndpoint("AWS_REGION is not the name of a region")
        }
        let own = Self.ownEndpoint(environment)
        guard let address = HTTPAddress(own ?? "https://s3.\(region).amazonaws.com"), address.url.query == nil,
            address.url.fragment == nil, ["", "/"].contains(address.url.path)
        else { throw ObjectStorageError.badEndpoint("it is not an address of a server") }
        guard address.isSecure || Self.isLoopback(address.host) else {
            throw ObjectStorageError.badEndpoint("\(address.host) is asked by plain http")
        }
        (endpoint, self.region, ownEndpoint) = (address, region, own)
        credentials = try S3Credentials(environment: environment)
        do { transport.proxy = try HTTPProxy(environment: environment, for: address) } catch TransferError.badProxy {
            throw ObjectStorageError.badEndpoint("the proxy's address is not usable")
        }
    }

    /// The endpoint in the environment, without slashes at its end; nil for Amazon's own.
    public static func ownEndpoint(_ environment: [String: String]) -> String? {
        guard var text = environment.variable("AWS_ENDPOINT_URL_S3") ?? environment.variable("AWS_ENDPOINT_URL") else {
            return nil
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    private static func isLoopback(_ host: String) -> Bool {
        let name = host.lowercased()
        return ["localhost", "::1", "[::1]"].contains(name)
            || name.wholeMatch(of: /127\.\d{1,3}\.\d{1,3}\.\d{1,3}/) != nil
    }

    /// The value of the Host header.
    package var host: String {
        let isUsual = endpoint.port == (endpoint.isSecure ? 443 : 80)
        let name = endpoint.host.contains(":") && !endpoint.host.hasPrefix("[") ? "[\(endpoint.host)]" : endpoint.host
        return isUsual ? name : "\(name):\(endpoint.port)"
    }
}
