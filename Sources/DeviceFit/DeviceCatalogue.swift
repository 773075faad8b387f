/// The known devices, from the tables that are built into the program.
public struct DeviceCatalogue: Sendable {
    /// The devices in the order of the table: by platform and family.
    public let devices: [Device]
    let byID: [String: Device]
    let modelCodes: [ModelCode]

    /// Reads the built-in catalogue.
    /// - Throws: `DeviceFitError.malformedCatalogue`; a test reads the tables, so only a changed table can throw.
    public init() throws(DeviceFitError) {
        try self.init(
            devices: String(decoding: PackageResources.devices_csv, as: UTF8.self),
            extra: String(decoding: PackageResources.devices_extra_csv, as: UTF8.self),
            codes: String(decoding: PackageResources.model_codes_csv, as: UTF8.self)
        )
    }

    /// Reads the tables, which share the column `id`.
    package init(
        devices devicesText: String,
        extra extraText: String,
        codes codesText: String = "code,id"
    ) throws(DeviceFitError) {
        let main = try CSVTable(devicesText, name: "devices.csv")
        let extra = try CSVTable(extraText, name: "devices_extra.csv")
        var extras: [String: CSVTable.Row] = [:]
        for row in extra.rows { extras[row["id"]] = row }
        guard extras.count == extra.rows.count, extra.rows.count == main.rows.count else {
            throw .malformedCatalogue(table: "devices_extra.csv", line: 1, detail: "not one row for every device")
        }
        var devices: [Device] = []
        var byID: [String: Device] = [:]
        for row in main.rows {
            guard let more = extras[row["id"]] else {
                throw .malformedCatalogue(table: "devices_extra.csv", line: 1, detail: "\(row["id"]) is missing")
            }
            let device = try Self.device(row, more)
            guard byID.updateValue(device, forKey: device.id) == nil else {
                throw .malformedCatalogue(table: "devices.csv", line: row.line, detail: "\(device.id) appears twice")
            }
            devices.append(device)
        }
        modelCodes = try ModelCode.read(codesText, known: Set(byID.keys))
        (self.devices, self.byID) = (devices, byID)
    }

    /// Returns the catalogue with further devices; a device replaces the one with the same id.
    public func adding(_ more: [Device]) -> DeviceCatalogue {
        let ids = Set(more.map(\.id))
        return DeviceCatalogue(devices.filter { !ids.contains($0.id) } + more, modelCodes)
    }

    private init(_ devices: [Device], _ modelCodes: [ModelCode]) {
        (self.devices, self.modelCodes) = (devices, modelCodes)
        byID = Dictionary(devices.map { ($0.id, $0) }) { _, last in last }
    }

    private static func device(_ row: CSVTable.Row, _ more: CSVTable.Row) throws(DeviceFitError) -> Device {
        func failure(_ detail: String) -> DeviceFitError {
            .malformedCatalogue(table: "devices.csv", line: row.line, detail: detail)
        }
        func optional(_ text: String, _ range: ClosedRange<Double>, _ what: String) throws(DeviceFitError) -> Double? {
            if text.isEmpty { return nil }
            guard let value = Double(text), range.contains(value) else { throw failure("\(what) \"\(text)\"") }
            return value
        }
        func number(_ column: String, _ range: ClosedRange<Double>) throws(DeviceFitError) -> Double {
            guard let value = try optional(row[column], range, column) else { throw failure("no \(column)") }
            return value
        }
        guard let platform = Platform(rawValue: row["platform"]) else { throw failure("platform") }
        guard !row["id"].isEmpty, row["id"] == row["id"].lowercased() else { throw failure("id") }
        guard !row["name"].isEmpty, !row["soc"].isEmpty, !row["source"].isEmpty else {
            throw failure("name, chip or source is missing")
        }
        let ram = try number("ram_gb", 2...64)
        return Device(
            id: row["id"],
            name: row["name"],
            platform: platform,
            year: Int(try number("year", 2015...2035)),
            soc: row["soc"],
            ramGiB: ram,
            bandwidthGBps: try number("bandwidth_gbps", 5...500),
            cpu: row["cpu"],
            gpu: row["gpu"],
            npuTOPS: try optional(row["npu_tops"], 0...1000, "npu_tops"),
            batteryWattHours: try optional(row["battery_wh"], 3...60, "battery_wh"),
            appLimitGiB: try number("app_limit_gb", 0.5...ram),
            entitledAppLimitGiB: try optional(more["app_limit_entitled_gb"], 0.5...ram, "app_limit_entitled_gb"),
            memoryType: more["mem_type"],
            launchSystem: more["launch_os"],
            source: row["source"],
            isRAMAndBatterySourced: more["ram_battery_confidence"] == "sourced",
            isBandwidthSourced: more["bandwidth_confidence"] == "db"
        )
    }
}
