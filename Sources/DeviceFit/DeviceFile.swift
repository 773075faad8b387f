import BinaryIO
import Settings
import SystemPackage
import Yams

/// Devices that a team adds to the catalogue, in a YAML file with a list under `devices:`.
///
///     devices:
///       - id: lab-phone
///         name: Lab phone
///         platform: android
///         year: 2025
///         chip: Snapdragon 8 Elite
///         ram: 12GiB
///         bandwidth: 76.8     # GB/s
///         battery: 19.4       # Wh
///         app-limit: 6GiB     # half of the memory where it is left out
package enum DeviceFile {
    private static let settings = [
        "id", "name", "platform", "year", "chip", "ram", "bandwidth", "battery", "app-limit", "source",
    ]

    /// - Throws: `FileError`, or `SettingsError` with every mistake in the file.
    package static func devices(in path: FilePath) throws -> [Device] {
        let text = try SourceText.read(path)
        let log = DiagnosticLog()
        let root = SettingsDocument.compose(text, log)
        let devices = SettingStyle.name.within { root.map { read($0, log) } ?? [] }
        guard log.diagnostics.isEmpty else {
            throw SettingsError(path: path, text: text, diagnostics: log.diagnostics)
        }
        return devices
    }

    private static func read(_ root: Node, _ log: DiagnosticLog) -> [Device] {
        guard let file = SettingReader(root, "The file", known: ["devices"], log), let list = file.required("devices")
        else { return [] }
        guard let nodes = list.sequence else {
            log.report("'devices' must be a list.", at: list)
            return []
        }
        var seen: Set<String> = []
        return nodes.compactMap { node in
            guard let device = device(node, log) else { return nil }
            guard seen.insert(device.id).inserted else {
                log.report("the device '\(device.id)' stands twice. Give each an id of its own.", at: node)
                return nil
            }
            return device
        }
    }

    private static func device(_ node: Node, _ log: DiagnosticLog) -> Device? {
        guard let reader = SettingReader(node, "A device", known: settings, log) else { return nil }
        func size(_ key: String) -> Double? {
            guard let node = reader.node(key), let text = reader.text(key) else { return nil }
            do {
                let gibibytes = Double(try ByteSize(text).bytes) / ByteSize.gibibyte
                if (0.5...1024).contains(gibibytes) { return gibibytes }
                log.report("'\(key)' must be from 0.5GiB to 1024GiB.", at: node)
            } catch {
                log.report("'\(key)': \(error)", at: node)
            }
            return nil
        }
        func number(_ key: String, _ range: ClosedRange<Double>) -> Double? {
            guard let number = reader.number(key) else { return nil }
            if range.contains(number) { return number }
            if let node = reader.node(key) {
                log.report("'\(key)' must be from \(range.lowerBound) to \(range.upperBound).", at: node)
            }
            return nil
        }
        let id = reader.requiredText("id")
        if let id, id != id.lowercased() || id.contains(where: \.isWhitespace), let node = reader.node("id") {
            log.report("an id has small letters and no spaces.", at: node)
        }
        let name = reader.requiredText("name")
        let platformName = reader.requiredText("platform")
        let platform = platformName.flatMap(Platform.init(rawValue:))
        if let platformName, platform == nil, let node = reader.node("platform") {
            let known = Platform.allCases.map(\.rawValue)
            log.report(
                "'\(platformName)' is not a known platform. \(Spelling.advice(for: platformName, among: known))",
                at: node
            )
        }
        let chip = reader.requiredText("chip")
        for key in ["ram", "bandwidth", "year"] { _ = reader.required(key) }
        let year = reader.integer("year", in: 2015...2100)
        let ram = size("ram")
        let bandwidth = number("bandwidth", 5...1000)
        let limit = size("app-limit")
        if let ram, let limit, limit > ram, let node = reader.node("app-limit") {
            log.report("'app-limit' is more than the device's memory.", at: node)
        }
        let battery = number("battery", 3...100)
        guard let id, let name, let platform, let chip, let year, let ram, let bandwidth else { return nil }
        return Device(
            id: id,
            name: name,
            platform: platform,
            year: year,
            soc: chip,
            ramGiB: ram,
            bandwidthGBps: bandwidth,
            batteryWattHours: battery,
            appLimitGiB: limit ?? ram / 2,
            source: reader.text("source") ?? "added by the user"
        )
    }
}
