import ArgumentParser
import DeviceFit

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the phones in the catalogue, with sources.",
        discussion: """
            EXAMPLES
              edgepipe devices
              edgepipe devices list pixel --since 2023
              edgepipe devices show pixel-8
            """,
        subcommands: [List.self, Show.self],
        defaultSubcommand: List.self
    )

    struct List: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "List devices, all or the matching ones.",
            discussion: """
                EXAMPLES
                  edgepipe devices list
                  edgepipe devices list galaxy --min-ram 8GiB --since 2022
                  edgepipe devices list --platform ios --max-ram 4GiB --format csv

                EDGEPIPE_DEVICES may name a YAML file with devices of your own; docs/device-fit.md shows one.
                """
        )
        @Argument(help: "Words found in the id, name or chip.")
        var words: [String] = []

        @Option(help: ArgumentHelp("android or ios.", valueName: "name"))
        var platform: String?

        @Option(help: ArgumentHelp("Smallest memory.", valueName: "size"))
        var minRam: String?

        @Option(help: ArgumentHelp("Largest memory.", valueName: "size"))
        var maxRam: String?

        @Option(help: ArgumentHelp("Earliest release year.", valueName: "year"))
        var since: Int?

        @Option(help: ArgumentHelp("Latest release year.", valueName: "year"))
        var until: Int?

        @OptionGroup var records: OutputOptions

        func run() throws {
            var filter = try DeviceFilter(platform: platform, minRAM: minRam, maxRAM: maxRam)
            filter.words = words
            filter.years = (since ?? 0)...max(since ?? 0, until ?? 9999)
            let columns = ["id", "name", "platform", "year", "chip", "RAM GiB", "app limit GiB", "GB/s"]
            try records.print(try DeviceCatalogue.configured().devices.filter(filter.accepts), columns: columns) {
                device in
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
            abstract: "Show one device, with sources and confidence.",
            discussion: """
                EXAMPLES
                  edgepipe devices show pixel-8
                  edgepipe devices show iphone-15 --json
                  edgepipe devices show pixel-8 --os 17
                """
        )
        @Argument(help: "The device's id.") var id: String
        @Option(
            name: .customLong("os"),
            help: ArgumentHelp(
                "Version of the operating system, which decides memory limits: 17, 26.4.",
                valueName: "version"
            )
        )
        var system: String?
        @OptionGroup var records: OutputOptions

        func run() throws {
            let device = try DeviceCatalogue.configured().devices([id], running: system)[0]
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
