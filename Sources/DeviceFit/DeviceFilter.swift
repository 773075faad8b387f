/// The conditions of a search for devices.
public struct DeviceFilter: Sendable {
    /// Words that id, name or chip must all contain; case is ignored.
    public var words: [String] = []
    /// The system of the devices; nil for all.
    public var platform: Platform?
    /// The memory in GiB, as phones are advertised.
    public var ram: ClosedRange<Double> = 0...1024
    /// The years in which the device was first sold.
    public var years: ClosedRange<Int> = 0...9999

    /// Accepts every device.
    public init() {}

    /// Reads the conditions from text.
    /// - Parameters:
    ///   - platform: `android` or `ios`, in any case.
    ///   - minRAM: a size such as `4GiB`, as is `maxRAM`.
    /// - Throws: `DeviceFitError` for sizes that cannot be read and an unknown platform.
    public init(platform: String?, minRAM: String?, maxRAM: String?) throws(DeviceFitError) {
        self.platform = try platform.map { name throws(DeviceFitError) in try Platform(named: name) }
        func gibibytes(_ text: String) throws(DeviceFitError) -> Double {
            Double(try ByteSize(ofModel: text).bytes) / ByteSize.gibibyte
        }
        let least = try minRAM.map(gibibytes) ?? 0
        ram = least...max(least, try maxRAM.map(gibibytes) ?? 1024)
    }

    /// Whether a device meets every condition.
    public func accepts(_ device: Device) -> Bool {
        let text = "\(device.id) \(device.name) \(device.soc)".lowercased()
        return words.allSatisfy { text.contains($0.lowercased()) }
            && (platform.map { $0 == device.platform } ?? true)
            && ram.contains(device.ramGiB) && years.contains(device.year)
    }
}
