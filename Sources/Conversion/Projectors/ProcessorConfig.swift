import BinaryIO

/// The preprocessing of pictures: `preprocessor_config.json`, overridden by `processor_config.json`, where newer models
/// store the settings of several processors.
struct ProcessorConfig: Sendable {
    static let files = ["preprocessor_config.json", "processor_config.json"]

    private let settings: [String: JSONValue]
    /// The file to name in errors.
    private let file: String

    /// - Throws: `ConversionProblem.missingFile` if neither file exists.
    init(_ folder: HuggingFaceFolder) throws {
        var settings: [String: JSONValue] = [:]
        var found: String?
        for name in Self.files {
            guard let json = try folder.json(name) else { continue }
            found = name
            for part in [json.object, json["image_processor"]?.object] {
                for (key, value) in part?.members ?? [] { settings[key] = value }
            }
        }
        guard let found else { throw ConversionProblem.missingFile(Self.files[0]) }
        file = found
        self.settings = settings
    }

    /// A number for each of the three colours, in single precision even if the file has integers, because engines read
    /// nothing else.
    func channels(_ key: String) throws -> [Float] {
        guard let value = settings[key] else { throw ConversionProblem.missingKey(file: file, key: key) }
        let numbers = value.array?.compactMap(\.double).filter(\.isFinite).map { Float($0) } ?? []
        guard numbers.count == 3, value.array?.count == 3 else {
            throw ConversionProblem.invalidValue(file: file, key: key, expected: "three numbers")
        }
        return numbers
    }

    /// An integer of at least 1; nil if there is none.
    /// - Parameter keys: the path to it.
    func count(_ keys: String...) throws -> Int? {
        var value: JSONValue? = settings[keys[0]]
        for key in keys.dropFirst() { value = value?[key] }
        guard let value, !value.isNull else { return nil }
        guard let count = value.integer, (1...Int(UInt16.max)).contains(count) else {
            throw ConversionProblem.invalidValue(
                file: file,
                key: keys.joined(separator: "."),
                expected: "a whole number, 1 or more"
            )
        }
        return count
    }
}
