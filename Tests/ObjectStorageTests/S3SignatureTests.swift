import Foundation
import ObjectStorage
import Testing

/// Goldens: the examples of Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
/// Payload in a Single Chunk".
@Suite struct S3SignatureTests {
    private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let host = (name: "Host", value: "examplebucket.s3.amazonaws.com")
    private let signature = S3Signature(
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        at: Date(timeIntervalSince1970: 1_369_353_600)
    )

    private func signed(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String)] = [],
        _ headers: [(name: String, value: String)] = [],
        payload: String = empty
    ) -> String {
        let own = [
            Self.host, (name: "x-amz-date", value: signature.time), (name: "x-amz-content-sha256", value: payload),
        ]
        return signature.authorization(method, path, query: query, headers: headers + own, payload: payload)
    }

    @Test func getsAnObjectAsTheReferenceDoes() {
        #expect(signature.time == "20130524T000000Z")
        #expect(
            signed("GET", "/test.txt", [("Range", "bytes=0-9")])
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    @Test func putsAnObjectAsTheReferenceDoes() {
        let headers = [
            (name: "Date", value: "Fri, 24 May 2013 00:00:00 GMT"),
            (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
        ]
        let payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        let path = "/" + S3Signature.encoded("test$file.text", keeping: "/")
        #expect(
            signed("PUT", path, headers, payload: payload)
                .hasSuffix("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        )
    }

    @Test func asksWithAQueryAsTheReferenceDoes() {
        #expect(
            signed("GET", "/", query: [("lifecycle", "")])
                .hasSuffix("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        )
        #expect(
            signed("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                .hasSuffix("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        )
    }
}
