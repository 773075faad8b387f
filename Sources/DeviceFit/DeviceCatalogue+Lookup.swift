import BinaryIO

extension DeviceCatalogue {
    /// The device that somebody means: by its id, by the name it is sold under, or by the code that the phone reports as its
    /// model, such as `SM-S918B` or `iPhone16,1`. Case does not count, nor do spaces, the maker's name and what the
    /// catalogue adds in parentheses.
    /// - Throws: `DeviceFitError.unknownDevice`, with the ids that look most like it; `.ambiguousDevice`.
    public func device(_ text: String) throws(DeviceFitError) -> Device {
        let wanted = Self.plain(text)
        if let device = byID[text.lowercased()] ?? byID[wanted] { return device }
        if let device = modelCodes.first(where: { $0.matches(text) }).flatMap({ byID[$0.id] }) { return device }
        let named = devices.filter { device in
            let name = Self.plain(device.name)
            // What stands last in parentheses is the catalogue's own addition.
            let short = device.name.lastIndex(of: "(").map { Self.plain(String(device.name[..<$0])) }
            return name == wanted || short == wanted
        }
        guard let device = named.first else {
            throw .unknownDevice(text, suggestions: suggestions(for: wanted))
        }
        guard named.count == 1 else { throw .ambiguousDevice(text, ids: named.map(\.id)) }
        return device
    }

    /// Devices, each as it is under a version of its system.
    /// - Parameters:
    ///   - names: ids, names or model codes.
    ///   - system: a version such as 17 or 26.4, which decides what an app may use; nil takes the catalogue's figures.
    /// - Throws: as `device(_:)`; `DeviceFitError.systemWithoutDevice`, `.invalidRequest` where nothing is known of the version.
    public func devices(_ names: [String], running system: String?) throws(DeviceFitError) -> [Device] {
        let found = try names.map { name throws(DeviceFitError) in try device(name) }
        guard let system else { return found }
        guard !found.isEmpty else { throw .systemWithoutDevice }
        let (limits, version) = (try AppLimits(), try SystemVersion(system))
        return try found.map { device throws(DeviceFitError) in try limits.device(device, running: version) }
    }

    /// Up to three ids whose id or name is nearest in spelling.
    private func suggestions(for wanted: String) -> [String] {
        let ranked = devices.map { device in
            let names = [device.id, Self.plain(device.name)]
            return (id: device.id, distance: names.map { wanted.spellingDistance(to: $0) }.min() ?? .max)
        }
        return ranked.filter { $0.distance <= max(2, wanted.count / 2) }
            .sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }
            .prefix(3).map(\.id)
    }

    /// The letters and digits of a name in the form of an id.
    private static func plain(_ name: String) -> String {
        let words = name.lowercased().replacing("+", with: " plus ")
            .split { !($0.isLetter || $0.isNumber || $0 == ".") }
        let makers: Set<Substring> = ["samsung", "google", "apple"]
        return (words.count > 1 && makers.contains(words[0]) ? words.dropFirst() : words[...]).joined(separator: "-")
    }
}

/// What a phone reports as its model.
struct ModelCode: Sendable {
    /// Without the star at its end, which stands for the letter of a region; of all regions where they have one chip.
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
