import BinaryIO
import Pipeline
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing

/// The reference is what the code reads: its table is made of the kinds' own settings.
@Suite struct SettingsReferenceTests {
    private var table: String {
        let rows = StepKinds.settings.flatMap { kind in
            kind.settings.enumerated().map { index, setting in
                let step = index == 0 ? "`\(kind.kind)`" : ""
                return "| \(step) | `\(setting.key)` | \(setting.meaning) | \(setting.standard ?? "") |"
            }
        }
        return (["| step | setting | meaning | default |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }

    @Test func theReferenceListsEverySettingAsTheCodeKnowsIt() throws {
        let path = Goldens.packageRoot.appending("docs/pipeline-reference.md")
        let text = String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self)
        #expect(text.contains(table), "docs/pipeline-reference.md should have this table:\n\(table)")
    }

    @Test func noKindNamesASettingTwice() {
        for kind in StepKinds.settings {
            let keys = kind.settings.map(\.key)
            #expect(Set(keys).count == keys.count, "\(kind.kind)")
        }
        #expect(Set(StepKinds.names).count == StepKinds.names.count)
    }
}
