import DeviceFit

/// A model for Google Play's AI packs: groups of devices by memory, and the build for each group.
///
/// Schema: "Play for On-device AI", developer.android.com/google/play/on-device-ai, sections "Create a device targeting
/// configuration XML file" and "Use device targeting for your AI packs" (the same at .../google/play/device-targeting).
/// `ram-min-bytes` is inclusive and `ram-max-bytes` exclusive. A device in several groups gets the first; a device in
/// none gets the group "other", which must not be defined. A folder `name#group_x` is delivered as `name` to group x
/// only.
public struct PlayDelivery: Sendable {
    /// Devices that get the same build.
    public struct Group: Sendable {
        /// The least memory of the group's devices, as phones are sold, in GB.
        public var gigabytes: Int
        /// The memory that the group's devices stay below, in GB; nil for the group with the most memory.
        public var upTo: Int?
        /// `phi3@1.0.0:q4_k_m`
        public var build: String
        /// Size of the build's file, in bytes.
        public var fileBytes: Int
        /// The estimate for the memory that an app gets on the group's smallest device.
        public var estimate: FitEstimate

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(gigabytes: Int, upTo: Int?, build: String, fileBytes: Int, estimate: FitEstimate) {
            (self.gigabytes, self.upTo, self.build) = (gigabytes, upTo, build)
            (self.fileBytes, self.estimate) = (fileBytes, estimate)
        }

        /// The group's name in the targeting file: `ram_8gb`.
        public var name: String { "ram_\(gigabytes)gb" }
        var minBytes: Int { gigabytes * 1_000_000_000 }
        var maxBytes: Int? { upTo.map { $0 * 1_000_000_000 } }
    }

    /// The name of the AI pack, which is also its folder.
    public var pack: String
    /// The folder of the model within the pack.
    public var model: String
    /// The groups, most memory first; this is also their priority.
    public let groups: [Group]

    /// The largest pack that Play accepts, compressed, in bytes. Weights hardly compress, so the size of the file
    /// itself is compared.
    public static let largestPack = 1_500_000_000

    /// Sorts the groups.
    public init(pack: String, model: String, groups: [Group]) {
        (self.pack, self.model) = (pack, model)
        self.groups = groups.sorted { $0.gigabytes > $1.gigabytes }
    }

    /// Whether Play accepts the name of a pack: a letter, then letters, digits and underscores.
    public static func isPackName(_ name: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 95 }
    }

    /// The text of `device_targeting_config.xml`.
    public var targeting: String {
        let groups = groups.map { group -> Markup in
            let most: Markup = group.maxBytes.map { " ram-max-bytes=\"\($0)\"" } ?? ""
            return """
                    <config:device-group name="\(group.name)">
                        <config:device-selector ram-min-bytes="\(group.minBytes)"\(most)/>
                    </config:device-group>
                """
        }
        let text: Markup = """
            <config:device-targeting-config xmlns:config="http://schemas.android.com/apk/config">

            \(groups.joined("\n\n"))

            </config:device-targeting-config>

            """
        return text.text
    }

    /// The text of the pack's `build.gradle`.
    public var gradle: String {
        """
        plugins {
            id 'com.android.ai-pack'
        }

        aiPack {
            packName = "\(pack)"
            dynamicDelivery {
                deliveryType = "on-demand"
            }
        }

        """
    }

    /// The path of a group's build from the project's folder.
    public func folder(of group: Group) -> String { "\(pack)/src/main/assets/\(model)#group_\(group.name)" }

    /// The name of the model's file; it is the same in every group, so that the app opens one name.
    public var fileName: String { "model.gguf" }

    /// What to do with the files, and how the groups were chosen, in Markdown.
    public var notes: String {
        let rows = groups.map { group in
            let memory = group.upTo.map { "\(group.gigabytes) to under \($0) GB" } ?? "\(group.gigabytes) GB and more"
            let total = group.estimate.memory.total
            let cells = [
                "`\(group.name)`", memory, group.build.markdownText, "\(ByteSize(bytes: group.fileBytes))",
                span(total), "\(ByteSize(bytes: group.estimate.limitBytes))", group.estimate.verdict.rawValue,
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let pulls = groups.map {
            "        edgepipe pull \($0.build.shellWord) -o \("\(folder(of: $0))/\(fileName)".shellWord)"
        }
        return """
            # \(pack): an AI pack for Google Play

            | group | memory | build | file | peak | an app may use | verdict |
            |---|---|---|---|---|---|---|
            \(rows.joined(separator: "\n"))

            Each group gets the best build for what an app may use on its smallest phone, which is half of the memory; see
            docs/device-fit.md. Speeds differ within a group, for memory says nothing about the chip. A phone reports somewhat less
            memory than it is sold with: one that misses a group's bound gets the next smaller build, never a larger one. Phones of
            no group get an empty pack, so the app must ask whether `\(model)/\(fileName)` is there.

            1. `device_targeting_config.xml` goes beside the app module's `build.gradle`, which gets:

                    bundle {
                        deviceTargetingConfig = file('device_targeting_config.xml')
                        deviceGroup {
                            enableSplit = true
                            defaultGroup = "other"
                        }
                    }

                in `android { }`, and `assetPacks = [":\(pack)"]`. `gradle.properties` gets
                `android.experimental.enableDeviceTargetingConfigApi=true`, `settings.gradle` gets `include ':\(pack)'`.
            2. `\(pack)/` goes into the project's folder. Its builds, verified on the way:

            \(pulls.joined(separator: "\n"))

            Play takes \(ByteSize(bytes: Self.largestPack)) a pack, compressed; larger builds were left out of the choice.

            """
    }
}
