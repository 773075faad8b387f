import DeviceFit
import Settings
import SystemPackage
import TestSupport
import Testing

@Suite struct DeviceFileTests {
    private let good = """
        devices:
          - id: lab-phone
            name: Lab phone
            platform: android
            year: 2025
            chip: Snapdragon 8 Elite
            ram: 12GiB
            bandwidth: 76.8
            battery: 19.4
        """

    private func read(_ text: String) throws -> [Device] {
        let folder = try ScratchFolder()
        return try DeviceFile.devices(in: try folder.write(Array(text.utf8), to: "devices.yaml"))
    }

    @Test func aTeamsOwnDevicesAreRead() throws {
        let devices = try read(good)
        let device = try #require(devices.first)
        #expect(devices.count == 1 && device.id == "lab-phone" && device.ramGiB == 12 && device.appLimitGiB == 6)
        #expect(device.batteryWattHours == 19.4 && device.source == "added by the user")
        let catalogue = try DeviceCatalogue().adding(devices)
        #expect(try catalogue.device("lab-phone") == device)
        #expect(catalogue.devices.count == (try DeviceCatalogue().devices.count) + 1)
    }

    @Test(arguments: [
        ("year: 2025", "year: soon", "'year' must be a whole number"), ("ram: 12GiB", "ram: much", "'ram'"),
        ("ram: 12GiB", "ram: 0.1GiB", "'ram' must be from 0.5GiB"),
        ("platform: android", "platform: androd", "android"),
        ("chip: Snapdragon 8 Elite", "chp: x", "has no setting 'chp'"),
        ("id: lab-phone", "id: Lab Phone", "small letters"),
        ("bandwidth: 76.8", "bandwidth: 1e9", "'bandwidth' must be from"),
        ("battery: 19.4", "app-limit: 20GiB", "'app-limit'"),
        ("devices:", "phones:", "has no setting 'phones'"), ("    name: Lab phone\n", "", "needs the setting 'name'"),
    ])
    func badFilesAreNamedByPlace(_ part: String, _ replacement: String, _ message: String) throws {
        let error = try #require(throws: SettingsError.self) { try read(good.replacing(part, with: replacement)) }
        #expect("\(error)".contains(message) && "\(error)".contains("devices.yaml:"), "\(error)")
    }
}
