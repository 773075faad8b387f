import BinaryIO
import Distribution
import Testing

@Suite struct OCIReferenceTests {
    @Test func theFormsThatPeopleWrite() throws {
        let whole = try OCIReference("oci://ghcr.io/team/phi3:1.0.0-q4_k_m")
        #expect((whole.host, whole.repository, whole.tag) == ("ghcr.io", "team/phi3", "1.0.0-q4_k_m"))
        let local = try OCIReference("oci://localhost:5000/phi3")
        #expect((local.host, local.repository, local.tag) == ("localhost:5000", "phi3", nil))
        let digest = SHA256Digest(of: [1])
        #expect(try OCIReference("oci://h/m@sha256:\(digest)").digest == digest)
        #expect("\(try OCIReference("oci://h/m:t@sha256:\(digest)"))" == "oci://h/m:t@sha256:\(digest)")
    }

    @Test(arguments: [
        "ghcr.io/team/phi3", "oci://ghcr.io", "oci:///phi3", "oci://host/", "oci://host/UPPER", "oci://host/a//b",
        "oci://host/../etc", "oci://host/a:tag with space", "oci://host/a:", "oci://host/a@sha256:123",
        "oci://host/a@md5:00",
        "oci://user:word@host/a", "oci://host:99999/a", "oci://host/a..b", "oci://host/-a", "oci://ho st/a",
    ])
    func whatNamesNoPlaceIsRefused(_ text: String) {
        #expect(throws: DistributionError.self) { try OCIReference(text) }
    }
}

@Suite struct OCIChallengeTests {
    @Test func bearersAndPasswords() {
        let bearer = #"Bearer realm="https://auth.example/token",service="registry, the one",scope="repository:a:pull""#
        #expect(
            OCIChallenge(["Basic realm=\"x\"", bearer])
                == .bearer(
                    realm: "https://auth.example/token",
                    service: "registry, the one",
                    scope: "repository:a:pull"
                )
        )
        #expect(OCIChallenge(["basic realm=\"x\""]) == .basic)
        #expect(OCIChallenge([#"Bearer realm="a\"b""#]) == .bearer(realm: "a\"b", service: nil, scope: nil))
    }

    @Test(arguments: ["", "Negotiate", "Bearer", "Bearer service=\"x\"", "Bearer realm", "=\"=\"="])
    func whatIsNoneIsNil(_ text: String) {
        #expect(OCIChallenge([text]) == nil)
    }
}
