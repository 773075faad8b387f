import DeviceFit

extension BuildQuery {
    /// What a build is judged by: devices, or a budget on a platform.
    enum Target {
        case devices([Device], FitEstimator)
        case budget(ByteSize, Platform, FitEstimator)

        /// A larger file fits nowhere: every estimate counts all of the weights, and beside them a file has its names and
        /// vocabulary, of which a quarter of a gigabyte is more than any model has. In bytes.
        var mostFileBytes: Int {
            let memory =
                switch self {
                case .devices(let devices, _): devices.map(FitEstimator.mostBytes(on:)).min() ?? .max >> 1
                case .budget(let ram, _, _): ram.bytes
                }
            return min(memory, .max >> 1) + (1 << 28)
        }
    }

    func target() throws -> Target? {
        let estimator = FitEstimator(catalogue: try Operations.catalogue())
        if !devices.isEmpty {
            let found = try Operations.devices(devices, running: system, in: estimator.catalogue)
            if let platform, let other = found.first(where: { $0.platform != platform }) {
                throw PipelineError.badRequest(
                    "\(other.name) runs \(other.platform.rawValue), not \(platform.rawValue). Leave --platform out."
                )
            }
            return .devices(found, estimator)
        }
        _ = try Operations.devices([], running: system, in: estimator.catalogue)
        guard let ram else {
            guard platform == nil else {
                throw PipelineError.badRequest(
                    "--platform needs --ram, the memory that your app may use, or --device instead of both."
                )
            }
            let unjudged = [
                ("--min-speed", minSpeed), ("--min-sustained-speed", minSustainedSpeed), ("--max-battery", maxBattery),
            ]
            if let option = unjudged.first(where: { $0.1 != nil })?.0 {
                throw PipelineError.badRequest(
                    "\(option) needs --device, or --ram with --platform: speeds are a phone's."
                )
            }
            return nil
        }
        guard let platform else {
            throw PipelineError.badRequest("--ram needs --platform android or --platform ios: what counts differs.")
        }
        return .budget(ram, platform, estimator)
    }
}
