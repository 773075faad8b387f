/// Which devices somebody looks for.
public struct DeviceFilter: Sendable {
    /// Words that must all stand in id, name or chip; case does not count.
    public var words: [String] = []
    public var platform: Platform?
    /// In GiB, as phones are sold.
    public var ram: ClosedRange<Double> = 0...1024
    public var years: ClosedRange<Int> = 0...9999

    public init() {}

    public func accepts(_ device: Device) -> Bool {
        let text = "\(device.id) \(device.name) \(device.soc)".lowercased()
        return words.allSatisfy { text.contains($0.lowercased()) }
            && (platform.map { $0 == device.platform } ?? true)
            && ram.contains(device.ramGiB) && years.contains(device.year)
    }
}
