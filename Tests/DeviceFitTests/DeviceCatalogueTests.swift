import DeviceFit
import Testing

@Suite struct DeviceCatalogueTests {
    private let catalogue: DeviceCatalogue

    init() throws { catalogue = try DeviceCatalogue() }

    @Test func theBuiltInTablesFollowTheirRules() {
        #expect(catalogue.devices.count == 128)
        #expect(Set(catalogue.devices.map(\.id)).count == 128)
        for device in catalogue.devices {
            #expect(device.appLimitGiB <= device.ramGiB, "\(device.id)")
            if let entitled = device.entitledAppLimitGiB {
                #expect(device.platform == .ios && entitled > device.appLimitGiB, "\(device.id)")
            }
            // [L, P; §2.2] The planning rule for Android.
            if device.platform == .android { #expect(device.appLimitGiB == device.ramGiB / 2, "\(device.id)") }
        }
    }

    @Test func findsADeviceByIdInAnyCase() throws {
        let device = try catalogue.device("Galaxy-S23")
        #expect(device.soc == "Snapdragon 8 Gen 2")
        #expect(device.appLimitBytes == 4_294_967_296)
        #expect(!device.isBandwidthSourced)
    }

    @Test(arguments: [("pixel8", "pixel-8"), ("galaxys23", "galaxy-s23"), ("iPhone 15 Pro", "iphone-15-pro")])
    func suggestsWhatIsSpelledAlmostLikeIt(_ text: String, _ expected: String) throws {
        let error = #expect(throws: DeviceFitError.self) { try catalogue.device(text) }
        guard case .unknownDevice(_, let suggestions)? = error else { return }
        #expect(suggestions.first == expected)
        #expect(suggestions.count <= 3)
    }

    @Test func suggestsNothingForWhatIsNotNearAnything() throws {
        #expect(throws: DeviceFitError.unknownDevice("zzzzzzzz", suggestions: [])) { try catalogue.device("zzzzzzzz") }
    }
}
