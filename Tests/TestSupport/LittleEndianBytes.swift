/// Bytes of a binary file under construction, sound or not.
public struct LittleEndianBytes: Sendable {
    public var bytes: [UInt8] = []

    public init(_ bytes: some Sequence<UInt8> = []) { self.bytes = Array(bytes) }

    public mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Text with its length in 64 bits before it, as GGUF stores it.
    public mutating func append(counted text: some Collection<UInt8>) {
        append(UInt64(text.count))
        bytes.append(contentsOf: text)
    }

    public mutating func append(counted text: String) { append(counted: Array(text.utf8)) }

    public mutating func pad(to alignment: Int) {
        while !bytes.count.isMultiple(of: alignment) { bytes.append(0) }
    }
}
