import DeviceFit

extension BuildQuery {
    /// Reads the query from text.
    /// - Parameters:
    ///   - ram: a size such as `3GB`, as is `maxSize`.
    ///   - platform: `android` or `ios`, in any case.
    /// - Throws: `DeviceFitError` for sizes that cannot be read and an unknown platform.
    public init(ram: String?, platform: String?, maxSize: String?) throws {
        self.init()
        self.ram = try ram.map { try ByteSize(ofModel: $0) }
        self.maxSize = try maxSize.map { try ByteSize(ofModel: $0) }
        self.platform = try platform.map { try Platform(named: $0) }
    }
}
