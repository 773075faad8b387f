import BinaryIO
import Foundation
import Registry
import SystemPackage
import Transfer
import Work

/// A place in an OCI registry and how to connect to it.
public struct RemotePlace: Sendable {
    /// Host, repository, and tag or digest.
    public private(set) var reference: OCIReference
    /// Whether the registry uses plain HTTP.
    public var isInsecure = false

    package var transport = TransportSettings()
    package var environment = ProcessInfo.processInfo.environment

    /// - Parameter text: `oci://host/path[:tag][@sha256:digest]`.
    /// - Throws: `DistributionError.badReference`.
    public init(_ text: String, isInsecure: Bool = false) throws {
        reference = try OCIReference(text)
        self.isInsecure = isInsecure
    }

    /// The list of all builds of a server that `edgepipe serve` runs.
    /// - Parameter address: `https://host[:port]`, or `http://`.
    /// - Returns: nil if the text is not such an address.
    /// - Throws: `DistributionError.badReference` if the address has a path.
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

    /// Another place on the same host, with the same access.
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

    /// Runs the body with a client; this thread waits and calls `progress`.
    /// - Throws: `DistributionError`, errors of the body and of `progress`.
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
        // OpenSSL's variable for a team's own certificates.
        settings.certificates = environment.path("SSL_CERT_FILE")
        guard let address = HTTPAddress("\(isInsecure ? "http" : "https")://\(reference.host)") else { return settings }
        do { settings.proxy = try settings.proxy ?? HTTPProxy(environment: environment, for: address) } catch {
            throw DistributionError.unreachable(reference.host, reason: "the proxy's address is not usable")
        }
        return settings
    }
}
