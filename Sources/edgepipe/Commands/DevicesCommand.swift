import ArgumentParser
import DeviceFit
import Pipeline

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "The phones that the program knows, with sources.",
        discussion: """
            EXAMPLES
              edgepipe devices
              edgepipe devices show pixel-8
            """,
        subcommands: [List.self, Show.self],
        defaultSubcommand: List.self
    )

    struct List: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "All devices.",
            discussion: """
                EXAMPLES
                  edgepipe devices list
                  edgepipe devices list --format csv
                """
        )
        @OptionGroup var records: OutputOptions

        func run() throws {
            let columns = ["id", "name", "platform", "year", "chip", "RAM GiB", "app limit GiB", "GB/s"]
            try records.print(try Operations.devices(), columns: columns) { device in
                [
                    device.id, device.name, device.platform.rawValue, "\(device.year)", device.soc,
                    numberText(device.ramGiB, 0), numberText(device.appLimitGiB, 2),
                    numberText(device.bandwidthGBps, 1),
                ]
            }
        }
    }

    struct Show: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "One device, with sources and confidence.",
            discussion: """
                EXAMPLES
                  edgepipe devices show pixel-8
                  edgepipe devices show iphone-15 --json
                """
        )
        @Argument(help: "The device's id.") var id: String
        @OptionGroup var records: OutputOptions

        func run() throws {
            let device = try Operations.device(id)
            try records.print(device) { format in
                let rows: [[String]] = [
                    ["name", device.name],
                    ["platform", device.platform.rawValue],
                    ["year", "\(device.year)"],
                    ["chip", device.soc],
                    ["processor", device.cpu],
                    ["graphics", device.gpu],
                    ["memory", "\(numberText(device.ramGiB, 0)) GiB \(device.memoryType)"],
                    [
                        "bandwidth",
                        "\(numberText(device.bandwidthGBps, 1)) GB/s\(device.isBandwidthSourced ? "" : " (assumed)")",
                    ],
                    ["app limit", "\(numberText(device.appLimitGiB, 2)) GiB"],
                    ["with entitlement", device.entitledAppLimitGiB.map { "\(numberText($0, 2)) GiB" } ?? "-"],
                    ["battery", device.batteryWattHours.map { "\(numberText($0, 1)) Wh" } ?? "-"],
                    ["launch system", device.launchSystem],
                    ["memory and battery", device.isRAMAndBatterySourced ? "sourced" : "general knowledge"],
                    ["source", device.source],
                ]
                return Table(columns: ["", device.id], rows: rows).text(format)
            }
        }
    }
}
