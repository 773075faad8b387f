import DeviceFit
import Testing

/// The reader is reached through the catalogue, which is what it exists for.
@Suite struct CSVTableTests {
    private static let header =
        "id,name,platform,year,soc,ram_gb,bandwidth_gbps,cpu,gpu,npu_tops,battery_wh,app_limit_gb,source\n"
    private static let extraHeader =
        "id,mem_type,mem_mts,bus_bits,battery_mah,launch_os,app_limit_entitled_gb,ram_battery_confidence,bandwidth_confidence\n"
    private static let extra = extraHeader + "a,LPDDR5,6400,64,,Android 13,,sourced,db\n"

    private func read(_ row: String, extra: String = Self.extra) throws -> DeviceCatalogue {
        try DeviceCatalogue(devices: Self.header + row, extra: extra)
    }

    @Test func quotesProtectCommasAndQuotes() throws {
        let row = #"a,"A ""B"", 8 GB",android,2023,S,8,51.2,"1x X2 @ 3.0 GHz, fast",g,,17.4,4.0,"x, y""# + "\n"
        let device = try read(row).device("a")
        #expect(device.name == #"A "B", 8 GB"#)
        #expect(device.source == "x, y")
        #expect(device.npuTOPS == nil)
    }

    @Test(arguments: ["\n", "\r\n"])
    func bothKindsOfLineEndAreRead(_ end: String) throws {
        func table(_ text: String) -> String { text.replacing("\n", with: end) }
        let row = "a,A,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n"
        let catalogue = try DeviceCatalogue(devices: table(Self.header + row), extra: table(Self.extra))
        #expect(catalogue.devices.map(\.source) == ["s"])
    }

    @Test(arguments: [
        "a,A,android,2023,S,8,51.2,c,g,,17.4,4.0\n",  // one field short
        "a,A,android,2023,S,8,51.2,c,g,,17.4,4.0,s,more\n",
        "a,\"A,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n",  // a quote that never closes
        "a,\"A\"x,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n",
        "a,A\"x,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n",
        "a,A,windows,2023,S,8,51.2,c,g,,17.4,4.0,s\n",
        "a,A,android,1923,S,8,51.2,c,g,,17.4,4.0,s\n",
        "a,A,android,2023,S,8,-1,c,g,,17.4,4.0,s\n",
        "a,A,android,2023,S,8,nan,c,g,,17.4,4.0,s\n",
        "a,A,android,2023,S,8,51.2,c,g,,17.4,9.0,s\n",  // a limit above the memory
        "a,A,android,2023,S,8,51.2,c,g,,17.4,4.0,\n",  // no source
        "b,A,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n",  // not in the other table
        "a,A,android,2023,S,8,51.2,c,g,,17.4,4.0,s\na,A,android,2023,S,8,51.2,c,g,,17.4,4.0,s\n",
        "",
    ])
    func refusesATableThatBreaksItsRules(_ rows: String) {
        #expect(throws: DeviceFitError.self) { try read(rows) }
    }
}
