import BinaryIO

extension DeviceCatalogue {
    /// Finds a device by its id, by the name it is sold under, or by the code that the phone reports as its model, such
    /// as `SM-S918B` or `iPhone16,1`. The search ignores case, spaces, the maker's name and what the catalogue adds in
    /// parentheses.
    /// - Throws: `DeviceFitError.unknownDevice`, with the most similar ids; `.ambiguousDevice`.
    public func device(_ text: String) throws(DeviceFitError) -> Device {
        let wanted = Self.plain(text)
        if let device = byID[text.lowercased()] ?? byID[wanted] { return device }
        if let device = modelCodes.first(where: { $0.matches(text) }).flatMap({ byID[$0.id] }) { return device }
        let named = devices.filter { device in
            let name = Self.plain(device.name)
            // Parentheses at the end are the catalogue's own addition.
            let short = device.name.lastIndex(of: "(").map { Self.plain(String(device.name[..<$0])) }
            return name == wanted || short == wanted
        }
        guard let device = named.first else {
            throw .unknownDevice(text, suggestions: suggestions(for: wanted))
        }
        guard named.count == 1 else { throw .ambiguousDevice(text, ids: named.map(\.id)) }
        return device
    }

    /// Finds devices, each with its limits under a system version.
    /// - Parameters:
    ///   - names: ids, names or model codes.
    ///   - system: a version such as 17 or 26.4, which decides what an app may use; nil uses the catalogue's figures.
    /// - Throws: as `device(_:)`; `DeviceFitError.systemWithoutDevice`; `.invalidRequest` if nothing is known of the
    ///   version.
    public func devices(_ names: [String], running system: String?) throws(DeviceFitError) -> [Device] {
        let found = try names.map { name throws(DeviceFitError) in try device(name) }
        guard let system else { return found }
        guard !found.isEmpty else { throw .systemWithoutDevice }
        let (limits, version) = (try AppLimits(), try SystemVersion(system))
        return try found.map { device throws(DeviceFitError) in try limits.device(device, running: version) }
    }

    /// Returns up to three ids whose id or name is nearest in spelling.
    private func suggestions(for wanted: String) -> [String] {
        let ranked = devices.map { device in
            let names = [device.id, Self.plain(device.name)]
            return (id: device.id, distance: names.map { wanted.spellingDistance(to: $0) }.min() ?? .max)
        }
        return ranked.filter { $0.distance <= max(2, wanted.count / 2) }
            .sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }
            .prefix(3).map(\.id)
    }

    /// Returns the letters and digits of a name in the form of an id.
    private static func plain(_ name: String) -> String {
        let words = name.lowercased().replacing("+", with: " plus ")
            .split { !($0.isLetter || $0.isNumber || $0 == ".") }
        let makers: Set<Substring> = ["samsung", "google", "apple"]
        return (words.count > 1 && makers.contains(words[0]) ? words.dropFirst() : words[...]).joined(separator: "-")
    }
}

/// The model code that a phone reports.
struct ModelCode: Sendable {
    /// The code without the star at its end, which means any region's letter if the chip is the same in all regions.
    let code: String
    let isPrefix: Bool
    let id: String

    /// Reads the table of codes.
    static func read(_ text: String, known: Set<String>) throws(DeviceFitError) -> [ModelCode] {
        let name = "model_codes.csv"
        return try CSVTable(text, name: name).rows.map { row throws(DeviceFitError) in
            guard known.contains(row["id"]), !row["code"].isEmpty else {
                throw .malformedCatalogue(table: name, line: row.line, detail: "no code, or an unknown device")
            }
            let code = row["code"].lowercased()
            let isPrefix = code.hasSuffix("*")
            return ModelCode(code: isPrefix ? String(code.dropLast()) : code, isPrefix: isPrefix, id: row["id"])
        }
    }

    func matches(_ text: String) -> Bool {
        let text = text.lowercased()
        return isPrefix ? text.hasPrefix(code) && text.count <= code.count + 3 : text == code
    }
}
