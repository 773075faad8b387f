extension SHA256Digest: Codable {
    /// Reads the 64 lower-case hexadecimal digits; anything else is an error, never a shorter digest.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = SHA256Digest(hex: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not a SHA-256: 64 lower-case hexadecimal digits are expected."
            )
        }
        self = digest
    }

    /// Writes the 64 lower-case hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
