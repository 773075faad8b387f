import BinaryIO
import Foundation
import Registry
import SystemPackage

/// The documents written about a build.
public struct AttestationReport: Codable, Sendable {
    /// The build, `model@version:type`.
    public var build: String
    /// The paths of the documents.
    public var files: [String]
}

extension RegistrySession {
    /// Writes what the registry knows about a build in formats that auditing tools read: SLSA provenance 1, an in-toto
    /// test result, and a CycloneDX bill of materials. The bytes for a build are the same until a new measurement is
    /// recorded.
    /// - Parameter name: `model[@version][:type]`.
    /// - Throws: `RegistryError`, `FileError`.
    public func attest(_ name: String, to folder: FilePath) throws -> AttestationReport {
        let build = try details(of: name).build
        try makeFolder(folder)
        return AttestationReport(
            build: "\(build.name)",
            files: try attestations(of: build).map { document in
                let path = folder.appending(document.name)
                try writeFile(document.bytes, to: path)
                return path.string
            }
        )
    }

    /// Returns the documents of `attest(_:to:)` without writing them.
    /// - Throws: `RegistryError`.
    public func attestations(of build: BuildRecord) throws -> [AttestationDocument] {
        let stem = "\(build.name.model)-\(build.name.version)-\(build.name.type)"
        let attestation = Attestation(try registry.details(of: build), stem)
        let statement = "application/vnd.in-toto+json"
        func document(_ ending: String, _ type: String, _ content: [String: Any]) throws -> AttestationDocument {
            let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            let kind = content["predicateType"] as? String
            return AttestationDocument(
                name: "\(stem).\(ending).json",
                artifactType: type,
                annotations: kind.map { ["in-toto.io/predicate-type": $0] } ?? [:],
                bytes: Array(try JSONSerialization.data(withJSONObject: content, options: options))
            )
        }
        return [
            try document("provenance", statement, attestation.provenance),
            try document("test-result", statement, attestation.testResult),
            try document("cdx", "application/vnd.cyclonedx+json", attestation.billOfMaterials),
        ]
    }
}

/// A document about a build in a format that auditing tools read.
public struct AttestationDocument: Sendable {
    /// The name of its file.
    public let name: String
    /// Its media type.
    public let artifactType: String
    /// The annotations by which in-toto's tools tell several statements apart.
    public let annotations: [String: String]
    /// The bytes of the document.
    public let bytes: [UInt8]
}

/// What the registry knows about one build, in the terms of the standard formats.
private struct Attestation {
    private let details: BuildDetails
    private let stem: String

    init(_ details: BuildDetails, _ stem: String) { (self.details, self.stem) = (details, stem) }

    private var build: BuildRecord { details.build }

    private func statement(_ predicateType: String, _ predicate: [String: Any]) -> [String: Any] {
        [
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [["name": "\(stem).gguf", "digest": digest(build.digest)]],
            "predicateType": predicateType,
            "predicate": predicate,
        ]
    }

    private func digest(_ value: SHA256Digest) -> [String: String] { ["sha256": value.description] }

    /// Source: slsa.dev/spec/v1.0/provenance. The steps are those of the lineage, from file to file.
    var provenance: [String: Any] {
        var source: [String: Any] = ["uri": build.facts.sourceURI, "name": build.name.model]
        if let known = build.facts.sourceDigest { source["digest"] = digest(known) }
        var parameters: [String: Any] = ["build": "\(build.name)", "source": build.facts.sourceURI]
        if let pipeline = build.facts.pipelineDigest { parameters["pipeline"] = ["digest": digest(pipeline)] }
        let steps = details.lineage.map { edge -> [String: Any] in
            [
                "kind": edge.stepKind, "from": digest(edge.from), "to": digest(edge.to),
                "options": digest(edge.optionsDigest),
            ]
        }
        return statement(
            "https://slsa.dev/provenance/v1",
            [
                "buildDefinition": [
                    "buildType": "urn:edgepipe:pipeline:v1", "externalParameters": parameters,
                    "internalParameters": ["steps": steps], "resolvedDependencies": [source],
                ] as [String: Any],
                "runDetails": [
                    "builder": ["id": "urn:edgepipe", "version": ["edgepipe": build.toolVersion]] as [String: Any],
                    "metadata": ["finishedOn": build.createdAt.formatted(.iso8601)],
                ] as [String: Any],
            ]
        )
    }

    /// Source: in-toto attestation, spec/predicates/test-result.md. A test is a device and a context; the measurements
    /// are the configuration beside the verdicts.
    var testResult: [String: Any] {
        func tests(_ verdict: String) -> [String] {
            details.fits.filter { $0.verdict == verdict }.map {
                "fit on \($0.device), context \($0.context), \($0.kvType)"
            }
        }
        let (passed, warned) = (tests("fits"), tests("tight"))
        let failed = details.fits.count - passed.count - warned.count
        return statement(
            "https://in-toto.io/attestation/test-result/v0.1",
            [
                "result": failed > 0 ? "FAILED" : warned.isEmpty ? "PASSED" : "WARNED",
                "configuration": details.measurements.map(measurement), "passedTests": passed, "warnedTests": warned,
                "failedTests": Set(details.fits.map(\.verdict)).subtracting(["fits", "tight"]).sorted().flatMap(tests),
            ]
        )
    }

    private func measurement(_ record: MeasurementRecord) -> [String: Any] {
        var conditions: [String: Any] = record.conditions
        conditions["value"] = record.value
        conditions["unit"] = record.unit
        conditions["method"] = record.method
        conditions["standardError"] = record.standardError
        conditions["context"] = record.context
        conditions["chunks"] = record.chunks
        conditions["against"] = record.againstDigest?.description
        conditions["edgepipe"] = record.toolVersion
        var resource: [String: Any] = ["name": record.metric, "annotations": conditions]
        // The resource is the text that was used for the measurement.
        if let text = record.textDigest { resource["digest"] = digest(text) }
        return resource
    }

    /// Source: the CycloneDX 1.6 specification, components of type machine-learning-model.
    var billOfMaterials: [String: Any] {
        var source: [String: Any] = ["type": "machine-learning-model", "name": build.facts.sourceURI]
        if let known = build.facts.sourceDigest { source["hashes"] = hashes(known) }
        let metrics = details.measurements.map { record -> [String: Any] in
            var metric: [String: Any] = ["type": record.metric, "value": "\(record.value)"]
            metric["slice"] = record.textDigest.map { "text \($0), context \(record.context ?? 0)" }
            metric["confidenceInterval"] = record.standardError.map {
                // Two standard errors on each side.
                ["lowerBound": "\(record.value - 2 * $0)", "upperBound": "\(record.value + 2 * $0)"]
            }
            return metric
        }
        return [
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": [
                "timestamp": build.createdAt.formatted(.iso8601),
                "tools": [
                    "components": [["type": "application", "name": "edgepipe", "version": build.toolVersion]]
                ],
            ] as [String: Any],
            "components": [
                [
                    "type": "machine-learning-model", "bom-ref": "\(build.name)", "name": build.name.model,
                    "version": "\(build.name.version)", "hashes": hashes(build.digest),
                    "licenses": [["license": ["name": build.facts.license]]],
                    "pedigree": ["ancestors": [source]],
                    "properties": [
                        ["name": "edgepipe:type", "value": build.name.type],
                        ["name": "edgepipe:bitsPerWeight", "value": "\(build.facts.bitsPerWeight)"],
                        ["name": "edgepipe:bytes", "value": "\(build.fileBytes)"],
                    ],
                    "modelCard": ["quantitativeAnalysis": ["performanceMetrics": metrics]],
                ] as [String: Any]
            ],
        ]
    }

    private func hashes(_ digest: SHA256Digest) -> [[String: String]] {
        [["alg": "SHA-256", "content": digest.description]]
    }
}
