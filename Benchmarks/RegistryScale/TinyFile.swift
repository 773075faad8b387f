/// The smallest GGUF file that can be published: one tensor, whose bytes a number decides.
enum TinyFile {
    static func bytes(number: Int) -> [UInt8] {
        var bytes = Array("GGUF".utf8)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        func append(_ text: String) {
            append(UInt64(text.utf8.count))
            bytes += Array(text.utf8)
        }
        let numbers: [(String, UInt32)] = [
            ("llama.block_count", 1), ("llama.embedding_length", 64), ("llama.attention.head_count", 1),
            ("llama.context_length", 8192), ("llama.feed_forward_length", 128),
        ]
        append(UInt32(3))
        append(UInt64(1))
        append(UInt64(numbers.count + 1))
        append("general.architecture")
        append(UInt32(8))
        append("llama")
        for (key, value) in numbers {
            append(key)
            append(UInt32(4))
            append(value)
        }
        append("token_embd.weight")
        append(UInt32(2))
        append(UInt64(64))
        append(UInt64(16))
        append(UInt32(0))
        append(UInt64(0))
        bytes += Array(repeating: 0, count: (32 - bytes.count % 32) % 32)
        for index in 0..<1024 { append(Float(index ^ (number & 1023)).bitPattern ^ UInt32(truncatingIfNeeded: number)) }
        return bytes
    }
}
