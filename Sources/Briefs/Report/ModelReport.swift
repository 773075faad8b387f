import DeviceFit

/// Everything that a report says of one version of a model; plain values, so that this room knows no registry.
///
/// Names, sources and licences come from whoever published: they are shown, never believed.
public struct ModelReport: Sendable {
    /// The model's name.
    public var model: String
    /// Such as `1.2.0`.
    public var version: String
    /// Those that point to the version.
    public var channels: [String]
    /// By size, the smallest first; never empty.
    public var builds: [ReportedBuild]
    /// The type of the build that memory and tensors are shown for.
    public var focus: String
    /// Why the focus is what it is.
    public var choice: FocusChoice
    /// What the focus takes on each device.
    public var fits: [ReportedFit]
    /// Of the focus, in the order of its file.
    public var tensors: [ReportedTensor]
    /// What the tensors' errors are.
    public var errors: TensorErrorKind
    /// The steps that lead to any of the builds.
    public var lineage: [ReportedStep]
    /// Nil where the registry is too old to tell.
    public var moves: [ReportedMove]?

    /// Why a build stands in the middle of the report.
    public enum FocusChoice: Sendable {
        /// Whoever asked named it.
        case named
        /// The first of the ranking for all of the devices.
        case best
        /// No build fits all of the devices; it is the smallest.
        case smallest
    }

    /// - Precondition: the focus is the type of one of the builds.
    public init(
        model: String,
        version: String,
        channels: [String],
        builds: [ReportedBuild],
        focus: String,
        choice: FocusChoice,
        fits: [ReportedFit],
        tensors: [ReportedTensor],
        errors: TensorErrorKind,
        lineage: [ReportedStep],
        moves: [ReportedMove]?
    ) {
        precondition(builds.contains { $0.type == focus }, "the focus is one of the builds")
        (self.model, self.version, self.channels) = (model, version, channels)
        self.builds = builds.sorted { ($0.fileBytes, $0.type) < ($1.fileBytes, $1.type) }
        (self.focus, self.choice, self.fits) = (focus, choice, fits)
        (self.tensors, self.errors, self.lineage, self.moves) = (tensors, errors, lineage, moves)
    }

    var focused: ReportedBuild { builds.first { $0.type == focus } ?? builds[0] }
}

/// A build as the registry has it.
public struct ReportedBuild: Sendable {
    /// `q4_k_m`
    public var type: String
    /// SHA-256 of the file, in hexadecimal digits, as all digests here.
    public var digest: String
    /// Size of the file.
    public var fileBytes: Int
    /// On the registry's disk.
    public var storedBytes: Int
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// An SPDX identifier, or the name that the source gives.
    public var license: String
    /// Where the model came from, such as `hf://owner/name`.
    public var source: String
    /// SHA-256 of the source checkpoint.
    public var sourceDigest: String?
    /// SHA-256 of the pipeline's definition.
    public var pipelineDigest: String?
    /// The version of edgepipe that published it.
    public var toolVersion: String
    /// ISO 8601.
    public var publishedAt: String
    /// What was measured of it, oldest first.
    public var measurements: [ReportedMeasurement]
    /// Who signed it.
    public var signatures: [ReportedSignature]
    /// The place in the ranking for all of the devices, from 1; nil where the build was refused.
    public var rank: Int?
    /// What the query says of it: remarks, or the reasons for which it was refused.
    public var remarks: [String]

    /// Every value is as its property describes it.
    public init(
        type: String,
        digest: String,
        fileBytes: Int,
        storedBytes: Int,
        bitsPerWeight: Double,
        license: String,
        source: String,
        sourceDigest: String?,
        pipelineDigest: String?,
        toolVersion: String,
        publishedAt: String,
        measurements: [ReportedMeasurement],
        signatures: [ReportedSignature],
        rank: Int?,
        remarks: [String]
    ) {
        (self.type, self.digest, self.fileBytes, self.storedBytes) = (type, digest, fileBytes, storedBytes)
        (self.bitsPerWeight, self.license, self.source) = (bitsPerWeight, license, source)
        (self.sourceDigest, self.pipelineDigest, self.toolVersion) = (sourceDigest, pipelineDigest, toolVersion)
        (self.publishedAt, self.measurements, self.signatures) = (publishedAt, measurements, signatures)
        (self.rank, self.remarks) = (rank, remarks)
    }
}
