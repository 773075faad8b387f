import BinaryIO
import Testing

@Suite struct SettingNameTests {
    private struct Refusal: Error, CustomStringConvertible {
        var description: String { "it is quantized. Say \(setting: "allow-requantize")." }
    }

    @Test func aNameIsQuotedWhereNoSurfaceSaysOtherwise() {
        #expect("\(Refusal())" == "it is quantized. Say 'allow-requantize'.")
        #expect("\(setting: "platform", "ios")" == "'platform: ios'")
        #expect(
            "\(command: "registry repair", "from FILE", "apply")"
                == "`edgepipe registry repair` with 'from: FILE' and 'apply'"
        )
        #expect("\(command: "registry verify")" == "`edgepipe registry verify`")
    }

    @Test func aCommandLineSpellsOptions() {
        SettingStyle.option.within {
            #expect("\(Refusal())" == "it is quantized. Say --allow-requantize.")
            #expect("\(setting: "platform", "ios")" == "--platform ios")
            #expect(
                "\(command: "registry repair", "from FILE", "apply")"
                    == "`edgepipe registry repair --from FILE --apply`"
            )
        }
        #expect(SettingStyle.current == .name)
    }

    @Test func anErrorIsWordedWhereItIsShown() {
        let error = SettingStyle.option.within { Refusal() }
        #expect("\(error)".contains("'allow-requantize'"))
    }
}
