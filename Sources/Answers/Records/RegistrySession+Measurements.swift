import BinaryIO
import DeviceFit
import Registry

/// The result of an import of measurements.
public struct DeviceImport: Encodable, Sendable {
    /// One imported number.
    public struct Line: Encodable, Sendable {
        /// The metric, a `DeviceMeasurement.Metric`.
        public var metric: String
        /// The value in `unit`.
        public var value: Double
        /// The unit: `token/s` or `byte`.
        public var unit: String
        /// Who measured, with what, and how.
        public var source: String
    }

    /// The build, `model@version:type`.
    public var build: String
    /// The id of a device in the catalogue.
    public var device: String
    /// The imported numbers.
    public var measurements: [Line]
    /// The skipped results, and remarks.
    public var remarks: [String]
}

extension RegistrySession {
    /// Stores the measurements of a build on a device; queries and comparisons use them in place of estimates.
    /// - Parameters:
    ///   - results: the results of another program.
    ///   - build: `model[@version][:type]`.
    ///   - device: an id of the catalogue.
    /// - Throws: `AnswersError.badFile` if they are of another model; `DeviceFitError.unknownDevice`.
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

    /// Checks that a file that names its model is of this one: equal parameters, and tensor bytes equal to within a
    /// hundredth.
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
