import BinaryIO
import Foundation
import Registry
import SystemPackage
import Transfer
import Work

/// How a place in an OCI registry is reached.
public struct RemotePlace: Sendable {
    /// Host, repository, and what is named there.
    public private(set) var reference: OCIReference
    /// Whether it speaks plain HTTP.
    public var isInsecure = false

    package var transport = TransportSettings()
    package var environment = ProcessInfo.processInfo.environment

    /// - Parameter text: `oci://host/path[:tag][@sha256:digest]`.
    /// - Throws: `DistributionError.badReference`.
    public init(_ text: String, isInsecure: Bool = false) throws {
        reference = try OCIReference(text)
        self.isInsecure = isInsecure
    }

    /// The list of all builds that `edgepipe serve` has.
    /// - Parameter address: `https://host[:port]`, or `http://`.
    /// - Returns: nil for a text that is no such address.
    /// - Throws: `DistributionError.badReference` for one with a path.
    public init?(server address: String) throws {
        guard let match = address.wholeMatch(of: /(https?):\/\/([^\/?#]+)\/?(.*)/) else { return nil }
        guard match.3.isEmpty else {
            throw DistributionError.badReference(
                address,
                "a server is asked at its root, without a path behind the host"
            )
        }
        let place = "\(OCIReference.scheme)\(match.2)/\(IndexDocuments.wholeRepository)"
        try self.init(place, isInsecure: match.1 == "http")
    }

    /// The same access to another place, which must be on the same host.
    func at(_ reference: OCIReference) throws -> RemotePlace {
        guard reference.host == self.reference.host else {
            throw DistributionError.badAnswer(self.reference.host, "it names a place on another host")
        }
        return RemotePlace(reference, like: self)
    }

    private init(_ reference: OCIReference, like place: RemotePlace) {
        self = place
        self.reference = reference
    }

    /// Runs the body with a client, while this thread waits and progress is told.
    /// - Throws: `DistributionError`, what the body throws, and what `progress` throws.
    func with<Result: Sendable>(
        _ detail: String,
        _ progress: @escaping WorkProgress,
        _ body: @escaping @Sendable (OCIClient, TransferMeter) async throws -> Result
    ) throws -> Result {
        let credentials = try OCICredentialStore(environment: environment).credentials(for: reference.host)
        let meter = TransferMeter(detail, progress)
        return try waiting {
            try await HTTPTransport.with(try settings()) { transport in
                let client = try OCIClient(reference, transport, isInsecure: isInsecure, credentials)
                return try await meter.during { try await body(client, meter) }
            }
        }
    }

    private func settings() throws -> TransportSettings {
        var settings = transport
        // OpenSSL's variable for certificates that a team signs itself.
        settings.certificates = environment.path("SSL_CERT_FILE")
        guard let address = HTTPAddress("\(isInsecure ? "http" : "https")://\(reference.host)") else { return settings }
        do { settings.proxy = try settings.proxy ?? HTTPProxy(environment: environment, for: address) } catch {
            throw DistributionError.unreachable(reference.host, reason: "the proxy's address is not usable")
        }
        return settings
    }
}
