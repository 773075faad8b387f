import Briefs
import DeviceFit
import TestSupport
import Testing

@Suite struct PlayDeliveryTests {
    private func delivery() throws -> PlayDelivery {
        let estimate = try Sample.build("small", billions: 1).estimate
        func group(_ gigabytes: Int, _ upTo: Int?, _ type: String) -> PlayDelivery.Group {
            PlayDelivery.Group(
                gigabytes: gigabytes,
                upTo: upTo,
                build: "small@1.0.0:\(type)",
                fileBytes: 1_000_000,
                estimate: estimate
            )
        }
        return PlayDelivery(pack: "small", model: "small", groups: [group(4, 8, "q4_0"), group(8, nil, "q8_0")])
    }

    /// A device of several groups gets the first one.
    @Test func theGroupsStandInTheOrderOfTheirPriorityAndDoNotOverlap() throws {
        let page = try PageReader(delivery().targeting)
        let root = try #require(page.all("config:device-targeting-config").first)
        #expect(root.attributes == ["xmlns:config": "http://schemas.android.com/apk/config"])
        #expect(page.all("config:device-group").map { $0.attributes["name"] } == ["ram_8gb", "ram_4gb"])
        #expect(
            page.all("config:device-selector").map(\.attributes) == [
                ["ram-min-bytes": "8000000000"],
                ["ram-min-bytes": "4000000000", "ram-max-bytes": "8000000000"],
            ]
        )
    }

    @Test func everyGroupHasAFolderOfTheSameNameWithItsSuffix() throws {
        let delivery = try delivery()
        #expect(
            delivery.groups.map(delivery.folder) == [
                "small/src/main/assets/small#group_ram_8gb", "small/src/main/assets/small#group_ram_4gb",
            ]
        )
        #expect(
            delivery.notes.contains(
                "edgepipe pull small@1.0.0:q8_0 -o 'small/src/main/assets/small#group_ram_8gb/model.gguf'"
            )
        )
    }

    /// "other" is the group that Play makes itself.
    @Test func theGroupThatPlayMakesItselfIsNotDefined() throws {
        #expect(try !delivery().targeting.contains("other"))
    }

    @Test func thePackIsOneThatPlayTakes() throws {
        let gradle = try delivery().gradle
        #expect(gradle.contains("id 'com.android.ai-pack'") && gradle.contains("packName = \"small\""))
        #expect(["a", "Chat_2"].allSatisfy(PlayDelivery.isPackName))
        #expect(!["", "2a", "_a", "a-b", "a.b", "ä"].contains(where: PlayDelivery.isPackName))
    }
}
