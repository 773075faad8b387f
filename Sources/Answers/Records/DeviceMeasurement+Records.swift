import BinaryIO
import DeviceFit
import Registry

extension ModelRegistry {
    /// Reads the measurements of builds on devices: by build and device, the oldest first.
    func deviceMeasurements(on devices: [String]) throws -> [SHA256Digest: [String: [DeviceMeasurement]]] {
        try measurements(onDevices: devices).mapValues { records in
            var found: [String: [DeviceMeasurement]] = [:]
            for record in records {
                guard let device = record.conditions[Self.deviceCondition], let own = DeviceMeasurement(record) else {
                    continue
                }
                found[device, default: []].append(own)
            }
            return found
        }
    }
}

extension DeviceMeasurement {
    /// Returns nil if the record is not a device's speed or memory.
    init?(_ record: MeasurementRecord) {
        guard let metric = Metric(rawValue: record.metric), record.value > 0 else { return nil }
        let conditions = record.conditions
        let details = [
            conditions["engine"], conditions["backend"], conditions["n_threads"].map { "\($0) threads" },
            conditions["tokens"].map { "\($0) tokens" }, record.context.map { "after \($0)" }, conditions["test_time"],
        ]
        self.init(
            metric: metric,
            value: record.value,
            deviation: conditions["deviation"].flatMap(Double.init),
            source: ([record.method] + details.compactMap { $0 }).joined(separator: ", ")
        )
    }
}
