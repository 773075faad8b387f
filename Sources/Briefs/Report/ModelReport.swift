import DeviceFit

/// The content of a report on one version of a model; plain values, so that this module does not depend on the
/// registry.
///
/// Names, sources and licences come from the publisher: they are shown but not trusted.
public struct ModelReport: Sendable {
    /// The model's name.
    public var model: String
    /// The version, such as `1.2.0`.
    public var version: String
    /// The channels that point to the version.
    public var channels: [String]
    /// The builds by size, smallest first; never empty.
    public var builds: [ReportedBuild]
    /// The type of the focused build, whose memory and tensors are shown.
    public var focus: String
    /// Why this build is the focus.
    public var choice: FocusChoice
    /// The estimates of the focused build on each device.
    public var fits: [ReportedFit]
    /// The tensors of the focused build, in the order of its file.
    public var tensors: [ReportedTensor]
    /// The meaning of the tensors' errors.
    public var errors: TensorErrorKind
    /// The steps that led to the builds.
    public var lineage: [ReportedStep]
    /// The moves of the channels; nil if the registry is too old to record them.
    public var moves: [ReportedMove]?

    /// Why a build is the focus of the report.
    public enum FocusChoice: Sendable {
        /// The user named it.
        case named
        /// It ranks first for all of the devices together.
        case best
        /// No build fits all of the devices, and it is the smallest.
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

/// A build as it is in the registry.
public struct ReportedBuild: Sendable {
    /// `q4_k_m`
    public var type: String
    /// SHA-256 of the file, in hexadecimal digits like all digests here.
    public var digest: String
    /// Size of the file, in bytes.
    public var fileBytes: Int
    /// Size on the registry's disk, in bytes.
    public var storedBytes: Int
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// An SPDX identifier, or the name that the source gives.
    public var license: String
    /// The origin of the model, such as `hf://owner/name`.
    public var source: String
    /// SHA-256 of the source checkpoint.
    public var sourceDigest: String?
    /// SHA-256 of the pipeline's definition.
    public var pipelineDigest: String?
    /// The version of edgepipe that published it.
    public var toolVersion: String
    /// When it was published, in ISO 8601.
    public var publishedAt: String
    /// Its measurements, oldest first.
    public var measurements: [ReportedMeasurement]
    /// Its signatures.
    public var signatures: [ReportedSignature]
    /// The rank for all of the devices together, from 1; nil if the build was rejected.
    public var rank: Int?
    /// The query's remarks on it, or the reasons why it was rejected.
    public var remarks: [String]

    /// Creates a value from its parts; each parameter is documented on its property.
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
