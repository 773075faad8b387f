import BinaryIO
import DeviceFit
import Settings
import Yams

/// The limits that a build must meet on every device of the step to be published.
public struct FitGate: Sendable, Codable, Equatable {
    /// The largest file, in bytes.
    public var maxSize: Int?
    /// The largest memory, in bytes, by the middle of the estimate.
    public var maxMemory: Int?
    /// The lowest generation speed, in tokens per second, by the middle of the estimate.
    public var minSpeed: Double?
    /// The largest battery use for a thousand tokens, in percent of a full battery, by the middle of the estimate.
    public var maxBattery: Double?
    /// Whether the build must fit even at the high end of its memory estimate.
    public var mustFit = false
    /// The channel whose version is compared with.
    public var over: String?
    /// The largest increase of the file size over that version, in percent.
    public var maxSizeIncrease: Double?
    /// The largest increase of memory over that version, in percent.
    public var maxMemoryIncrease: Double?
    /// The largest loss of speed against that version, in percent.
    public var maxSpeedLoss: Double?

    private static let settings = [
        "max-size", "max-memory", "min-speed", "max-battery", "fits", "over", "max-size-increase",
        "max-memory-increase",
        "max-speed-loss",
    ]

    /// The settings of a gate for the schema of pipeline files.
    static var kind: SettingKind {
        .mapping(
            settings.map { key in
                switch key {
                case "max-size", "max-memory", "over": SettingKind.Field(key, .text)
                case "fits": SettingKind.Field(key, .flag)
                case "min-speed": SettingKind.Field(key, .number)
                default: SettingKind.Field(key, .percent)
                }
            }
        )
    }

    private var comparesVersions: Bool { [maxSizeIncrease, maxMemoryIncrease, maxSpeedLoss].contains { $0 != nil } }

    /// Reads the gates of a step by build type.
    /// - Parameter types: the types of the builds that are estimated.
    static func gates(
        _ node: Node,
        _ reader: SettingReader,
        of builds: String,
        types: [String]
    ) -> [String: FitGate] {
        reader.gates(node, of: builds, types: types, known: settings) { key, values in
            let gate = FitGate(
                maxSize: values.byteSize("max-size"),
                maxMemory: values.byteSize("max-memory"),
                minSpeed: values.number("min-speed"),
                maxBattery: values.percent("max-battery"),
                mustFit: values.flag("fits") ?? false,
                over: values.text("over"),
                maxSizeIncrease: values.percent("max-size-increase"),
                maxMemoryIncrease: values.percent("max-memory-increase"),
                maxSpeedLoss: values.percent("max-speed-loss")
            )
            if gate.comparesVersions, gate.over == nil {
                reader.report(
                    "this gate compares with a published version. Name the channel that points to it with 'over'.",
                    at: key
                )
            }
            return gate
        }
    }
}

extension SettingReader {
    /// Reads a size such as `3GB`, in bytes.
    fileprivate func byteSize(_ key: String) -> Int? {
        guard let node = node(key), let text = text(key) else { return nil }
        do {
            return try ByteSize(text).bytes
        } catch {
            report("'\(key)': \(error)", at: node)
            return nil
        }
    }
}

extension FittedBuild {
    /// Describes each limit of a gate that the build does not meet.
    /// - Parameter reference: the estimates of the published version on the same devices, if there is one to compare
    ///   with.
    func failures(of gate: FitGate, over reference: FittedReference?) -> [String] {
        var failures: [String] = []
        func size(_ bytes: Int) -> String { "\(ByteSize(bytes: bytes))" }
        func increase(_ now: Double, _ before: Double) -> Double { (now / before - 1) * 100 }
        if let limit = gate.maxSize, let fileBytes, fileBytes > limit {
            failures.append("the file has \(size(fileBytes)), over \(size(limit))")
        }
        if let limit = gate.maxSizeIncrease, let reference, let fileBytes {
            let grown = increase(Double(fileBytes), Double(reference.fileBytes))
            if grown > limit {
                failures.append(
                    "the file is \(grown.formatted(1)) % larger than \(reference.name), over \(limit.formatted(1)) %"
                )
            }
        }
        for (index, estimate) in estimates.enumerated() {
            let before = reference?.estimates?[index]
            let (memory, speed) = (estimate.memory.total.mid, estimate.speed.mid)
            func fail(_ words: String) { failures.append("on \(estimate.target) \(words)") }
            if gate.mustFit, estimate.verdict != .fits { fail("it does not surely fit: \(estimate.reason.dropLast())") }
            if let limit = gate.maxMemory, memory > limit {
                fail("it takes about \(size(memory)), over \(size(limit))")
            }
            if let limit = gate.minSpeed, speed < limit {
                fail("it makes about \(speed.formatted(1)) tokens a second, under \(limit.formatted(1))")
            }
            if let limit = gate.maxBattery, let battery = estimate.batteryPercentPer1kTokens?.mid, battery > limit {
                fail("a thousand tokens take \(battery.formatted(2)) % of the battery, over \(limit.formatted(2)) %")
            }
            guard let before, let name = reference?.name else { continue }
            let grown = increase(Double(memory), Double(before.memory.total.mid))
            if let limit = gate.maxMemoryIncrease, grown > limit {
                fail("it takes \(grown.formatted(1)) % more memory than \(name), over \(limit.formatted(1)) %")
            }
            let lost = -increase(speed, before.speed.mid)
            if let limit = gate.maxSpeedLoss, lost > limit {
                fail("it is \(lost.formatted(1)) % slower than \(name), over \(limit.formatted(1)) %")
            }
        }
        return failures
    }
}

/// A build of a published version that a new one is compared with.
struct FittedReference {
    let name: String
    let fileBytes: Int
    /// The estimates on the devices of the new build, in their order; nil if its shape is unknown.
    let estimates: [FitEstimate]?
}
