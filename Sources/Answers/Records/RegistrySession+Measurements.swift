import BinaryIO
import DeviceFit
import Registry

/// What an import of measurements did.
public struct DeviceImport: Encodable, Sendable {
    /// One number that was kept.
    public struct Line: Encodable, Sendable {
        /// A `DeviceMeasurement.Metric`.
        public var metric: String
        /// In `unit`.
        public var value: Double
        /// `token/s` or `byte`
        public var unit: String
        /// Who measured, with what, and how.
        public var source: String
    }

    /// `model@version:type`
    public var build: String
    /// The id of a device in the catalogue.
    public var device: String
    /// What was kept.
    public var measurements: [Line]
    /// What was left out, or has to be known.
    public var remarks: [String]
}

extension RegistrySession {
    /// Keeps what was measured of a build on a device; queries and comparisons use it in place of estimates.
    /// - Parameters:
    ///   - results: of another program.
    ///   - build: `model[@version][:type]`.
    ///   - device: an id of the catalogue.
    /// - Throws: `AnswersError.badFile` where they are of another model; `DeviceFitError.unknownDevice`.
    public func importMeasurements(
        _ results: DeviceMeasurementFile,
        of build: String,
        on device: String
    ) throws -> DeviceImport {
        let device = try catalogue().device(device)
        let record = try registry.resolve(try BuildReference(build))
        let profile = profile(record.facts.profile)
        for entry in results.entries { try Self.check(entry, against: profile, of: record, results.name) }
        let records = results.entries.map { $0.record(on: device.id) }
        try registry.record(records, of: record.name)
        return DeviceImport(
            build: "\(record.name)",
            device: device.id,
            measurements: records.compactMap { record in
                DeviceMeasurement(record).map { own in
                    DeviceImport.Line(
                        metric: record.metric,
                        value: record.value,
                        unit: record.unit,
                        source: own.source
                    )
                }
            },
            remarks: results.remarks
        )
    }

    /// A file that names its model has to be of this one: the same parameters, and as many bytes of tensors to a hundredth.
    private static func check(
        _ entry: DeviceMeasurementFile.Entry,
        against profile: ModelProfile?,
        of record: BuildRecord,
        _ name: String
    ) throws {
        guard let profile else { return }
        if let parameters = entry.parameters, parameters != profile.parameterCount {
            throw AnswersError.badFile(
                "\(name) is of another model: it has \(parameters) parameters, and \(record.name) has "
                    + "\(profile.parameterCount). Nothing was kept."
            )
        }
        if let bytes = entry.tensorBytes, abs(Double(bytes) / Double(profile.weightBytes) - 1) > 0.01 {
            throw AnswersError.badFile(
                "\(name) is of another build: its tensors have \(ByteSize(bytes: bytes)), and those of \(record.name) "
                    + "\(ByteSize(bytes: profile.weightBytes)). Nothing was kept."
            )
        }
    }
}

extension DeviceMeasurementFile.Entry {
    func record(on device: String) -> MeasurementRecord {
        var all = conditions
        all[ModelRegistry.deviceCondition] = device
        all["backend"] = backend
        all["deviation"] = deviation.map { "\($0)" }
        return MeasurementRecord(
            metric: metric.rawValue,
            value: value,
            unit: metric.unit,
            method: method,
            context: depth,
            kernels: backend,
            toolVersion: Edgepipe.version,
            conditions: all
        )
    }
}
