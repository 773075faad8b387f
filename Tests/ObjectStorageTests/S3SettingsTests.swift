import Foundation
import ObjectStorage
import SystemPackage
import TestSupport
import Testing
import Transfer

@Suite struct S3SettingsTests {
    private let keys = ["AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "hidden"]

    @Test func placesAreRead() throws {
        #expect(try S3Place("s3://models").key("x") == "x")
        let place = try S3Place("s3://models/a/b-1.c/")
        #expect(place.bucket == "models" && place.prefix == "a/b-1.c" && "\(place)" == "s3://models/a/b-1.c")
        #expect(place.address(of: "packs/x") == "s3://models/a/b-1.c/packs/x")
    }

    @Test(arguments: [
        "", "models", "s3://", "s3://a", "s3://Models/a", "s3://models/../b", "s3://models/a//b", "s3://models/a b",
        "s3://models/ä",
        "s3://mo..els", "s3://-models", "s3://models/a?b", "s3://models/a%2e", "s3://models/a\u{10}",
        "https://models/a",
    ])
    func whatIsNoPlaceIsRefused(_ text: String) {
        #expect(throws: ObjectStorageError.self) { try S3Place(text) }
    }

    @Test func amazonIsWhereNothingElseIsSaid() throws {
        let settings = try S3Settings(environment: keys)
        #expect(settings.endpoint.text == "https://s3.us-east-1.amazonaws.com" && settings.ownEndpoint == nil)
        #expect(settings.host == "s3.us-east-1.amazonaws.com")
        #expect(
            try S3Settings(environment: keys.merging(["AWS_DEFAULT_REGION": "eu-west-3"]) { $1 }).region == "eu-west-3"
        )
    }

    @Test(arguments: [
        "http://storage.example.org", "http://10.0.0.1:9000", "http://127.evil.example", "ftp://localhost", "nonsense",
        "https://user:pass@storage.example.org", "https://storage.example.org/path", "http://169.254.169.254",
    ])
    func endpointsThatAreNotSafeAreRefused(_ text: String) {
        let error = #expect(throws: ObjectStorageError.self) {
            try S3Settings(environment: keys.merging(["AWS_ENDPOINT_URL": text]) { $1 })
        }
        #expect(error.map { "\($0)".contains("hidden") || "\($0)".contains("pass") } == false)
    }

    @Test(arguments: ["http://127.0.0.1:9000", "http://localhost", "https://storage.example.org:8443/"])
    func endpointsThatAreSafeAreTaken(_ text: String) throws {
        let settings = try S3Settings(environment: keys.merging(["AWS_ENDPOINT_URL_S3": text]) { $1 })
        #expect(settings.ownEndpoint.map { text.hasPrefix($0) } == true)
    }

    @Test func credentialsComeFromTheProfilesSection() throws {
        let scratch = try ScratchFolder()
        let text =
            "[default]\naws_access_key_id = A\naws_secret_access_key=B=C\n; note\n[other]\naws_access_key_id=D\n"
            + "aws_secret_access_key=E\naws_session_token = F\n"
        let folder = scratch.path.appending(".aws")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: folder.appending("credentials").string))
        let home = ["HOME": scratch.path.string]
        let own = try S3Credentials(environment: home)
        #expect(own.accessKey == "A" && own.secret == "B=C" && own.sessionToken == nil)
        let other = try S3Credentials(environment: home.merging(["AWS_PROFILE": "other"]) { $1 })
        #expect(other.accessKey == "D" && other.secret == "E" && other.sessionToken == "F")
        for environment in [
            home.merging(["AWS_PROFILE": "none"]) { $1 }, ["HOME": "/nowhere"], [:], ["AWS_ACCESS_KEY_ID": "A"],
            ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B\r\nX: y"],
        ] {
            #expect(throws: ObjectStorageError.self) { try S3Credentials(environment: environment) }
        }
    }

    @Test func answersAreReadWithoutExpandingAnything() {
        let text =
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><R xmlns=\"x\"><A>1 &amp; 2</A><A>&b;</A><B><C>3</C></B></R>"
        let answer = S3Answer(text.utf8).first("R")
        #expect(answer?.text("A") == "1 & 2")
        #expect(answer?.all("A").count == 2 && answer?.text("B") == nil && answer?.all("B").first?.text("C") == "3")
        #expect(S3Answer("<A>&b;</A>".utf8).text("A") == nil)
        #expect(S3Answer("<A>cut".utf8).text("A") == nil)
    }
}
