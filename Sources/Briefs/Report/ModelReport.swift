import DeviceFit

/// Everything that a report says of one version of a model; plain values, so that this room knows no registry.
///
/// Names, sources and licences come from whoever published: they are shown, never believed.
public struct ModelReport: Sendable {
    public var model: String
    public var version: String
    public var channels: [String]
    /// By size, the smallest first; never empty.
    public var builds: [ReportedBuild]
    /// The type of the build that memory and tensors are shown for.
    public var focus: String
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
    public var fileBytes: Int
    /// On the registry's disk.
    public var storedBytes: Int
    public var bitsPerWeight: Double
    public var license: String
    public var source: String
    public var sourceDigest: String?
    public var pipelineDigest: String?
    public var toolVersion: String
    /// ISO 8601.
    public var publishedAt: String
    public var measurements: [ReportedMeasurement]
    public var signatures: [ReportedSignature]
    /// The place in the ranking for all of the devices, from 1; nil where the build was refused.
    public var rank: Int?
    /// What the query says of it: remarks, or the reasons for which it was refused.
    public var remarks: [String]

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
