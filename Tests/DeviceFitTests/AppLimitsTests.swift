import DeviceFit
import Testing

@Suite struct AppLimitsTests {
    private let limits: AppLimits
    private let catalogue: DeviceCatalogue

    init() throws {
        limits = try AppLimits()
        catalogue = try DeviceCatalogue()
    }

    /// Figures of section 2 of the facts, in MiB, with the words of their sources.
    @Test(
        arguments: [
            ("iphone-11", "13", 2068, 2289, "SO"), ("iphone-11", "26", 2091, 2289, "B;"),
            ("iphone-15-pro", "18.2", 3341, 5722, "B;"), ("iphone-17-pro", "26.4", 3356, nil, "B;"),
            ("ipad-pro-11-m4", "26.3", 5089, 5722, "MacRumors"),
            ("ipad-pro-11-m4", "26.4", 2861, 2861, "Apple forum 826325"),
            ("ipad-pro-11-m4", "26.5.1", 2861, 2861, "Apple forum 826325"),
            ("ipad-pro-11-m4", "27", 5089, 5722, "no source"),
            ("galaxy-s23", "16", 4096, nil, "P:"), ("pixel-8", "17", 4096, nil, "AOSP"),
            ("poco-myron", "17", 6144, nil, "L:"),
        ] as [(String, String, Int, Int?, String)]
    )
    func theLimitFollowsMemoryAndSystem(
        _ id: String,
        _ version: String,
        _ limit: Int,
        _ entitled: Int?,
        _ source: String
    )
        throws
    {
        let device = try catalogue.device(id)
        let found = try #require(limits.limit(of: device, running: SystemVersion(version)))
        #expect(found.mebibytes == limit)
        #expect(found.entitledMebibytes == entitled)
        #expect(found.source.contains(source), "\(found.source)")
    }

    @Test func everyDeviceHasALimitUnderTheSystemsOfToday() throws {
        for device in catalogue.devices {
            let version = try SystemVersion(device.platform == .android ? "16" : "26")
            #expect(limits.limit(of: device, running: version) != nil, "\(device.id)")
        }
    }

    @Test func anEstimateUnderASystemNamesIt() throws {
        let device = try limits.device(catalogue.device("pixel-8"), running: SystemVersion("17"))
        #expect(device.name == "Pixel 8 with Android 17")
        let estimate = try FitEstimator(catalogue: catalogue).estimate(SampleModels.qwen25, on: device)
        #expect(estimate.limitBytes == 4096 << 20)
        #expect(estimate.reason.contains("Pixel 8 with Android 17"))
    }

    @Test(arguments: ["", "x", "-1", "0", "17.", "1.2.3.4", "9999"])
    func whatIsNoVersionIsRefused(_ text: String) {
        #expect(throws: DeviceFitError.self) { try SystemVersion(text) }
    }
}
