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
            // [L, P] The planning rule for Android.
            if device.platform == .android { #expect(device.appLimitGiB == device.ramGiB / 2, "\(device.id)") }
        }
    }

    @Test func findsADeviceByIdInAnyCase() throws {
        let device = try catalogue.device("Galaxy-S23")
        #expect(device.soc == "Snapdragon 8 Gen 2")
        #expect(device.appLimitBytes == 4_294_967_296)
        #expect(!device.isBandwidthSourced)
    }

    @Test(arguments: [("pixel8", "pixel-8"), ("galaxys23", "galaxy-s23"), ("iPhone 15 Prro", "iphone-15-pro")])
    func suggestsWhatIsSpelledAlmostLikeIt(_ text: String, _ expected: String) throws {
        let error = #expect(throws: DeviceFitError.self) { try catalogue.device(text) }
        guard case .unknownDevice(_, let suggestions)? = error else { return }
        #expect(suggestions.first == expected)
        #expect(suggestions.count <= 3)
    }

    @Test(arguments: [
        ("Pixel 8", "pixel-8"), ("Google Pixel 8 Pro", "pixel-8-pro"), ("PIXEL-8", "pixel-8"),
        ("galaxy s22+", "galaxy-s22-plus"), ("Samsung Galaxy S24", "galaxy-s24"), ("Galaxy A54", "galaxy-a54"),
        ("Galaxy S24 (Exynos)", "galaxy-s24-exynos"), ("Nothing Phone (2)", "nothing-2"),
        ("Apple iPhone SE (3rd gen)", "iphone-se3"), ("iPhone16,1", "iphone-15-pro"), ("sm-s918u1", "galaxy-s23-ultra"),
        ("SM-S921B", "galaxy-s24-exynos"), ("SM-S921U", "galaxy-s24"),
    ])
    func findsADeviceByItsNameOrModelCode(_ text: String, _ id: String) throws {
        #expect(try catalogue.device(text).id == id)
    }

    /// The American phone of this series has another chip than the one in the catalogue.
    @Test func aModelCodeOfAnotherChipIsNotTakenForTheDevice() {
        #expect(throws: DeviceFitError.self) { try catalogue.device("SM-S908E") }
    }

    @Test func aNameOfSeveralDevicesIsRefusedWithAll() throws {
        let twins = catalogue.adding([
            try #require(catalogue.devices.first { $0.id == "galaxy-a54" }).renamed("a-1", "Twin (4 GB)"),
            try #require(catalogue.devices.first { $0.id == "galaxy-a54" }).renamed("a-2", "Twin (8 GB)"),
        ])
        #expect(throws: DeviceFitError.ambiguousDevice("twin", ids: ["a-1", "a-2"])) { try twins.device("twin") }
    }

    @Test func suggestsNothingForWhatIsNotNearAnything() throws {
        #expect(throws: DeviceFitError.unknownDevice("zzzzzzzz", suggestions: [])) { try catalogue.device("zzzzzzzz") }
    }
}

extension Device {
    fileprivate func renamed(_ id: String, _ name: String) -> Device {
        Device(
            id: id,
            name: name,
            platform: platform,
            year: year,
            soc: soc,
            ramGiB: ramGiB,
            bandwidthGBps: bandwidthGBps,
            appLimitGiB: appLimitGiB,
            source: source
        )
    }
}
