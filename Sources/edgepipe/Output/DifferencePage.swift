import Answers
import BinaryIO
import Briefs
import Registry

/// The difference between two versions, in Markdown for a pull request.
struct DifferencePage {
    let difference: VersionDifference

    var text: String {
        var parts = ["### \(difference.old.markdownText) → \(difference.new.markdownText)", summary]
        if !difference.changed.isEmpty { parts.append(sizes) }
        if difference.changed.contains(where: { !$0.quality.isEmpty }) { parts.append(quality) }
        if difference.changed.contains(where: { !$0.devices.isEmpty }) { parts.append(devices) }
        let types = difference.changed.flatMap(typeChanges)
        if !types.isEmpty { parts.append("**Tensor types**\n\n" + types.joined(separator: "\n")) }
        let others = difference.changed.filter { !$0.incomparable.isEmpty }.map { change in
            "- \(change.type.markdownText): \(change.incomparable.map(\.markdownText).joined(separator: ", ")) were measured on another "
                + "text or in another way, so nothing compares them."
        }
        if !others.isEmpty { parts.append(others.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private var summary: String {
        func builds(_ builds: [VersionDifference.Build]) -> String {
            builds.map { "\($0.type.markdownText) (\(sizeText($0.fileBytes)))" }.joined(separator: ", ")
        }
        var lines: [String] = []
        if !difference.added.isEmpty { lines.append("- Added: \(builds(difference.added))") }
        if !difference.removed.isEmpty { lines.append("- Removed: \(builds(difference.removed))") }
        let changed = difference.changed.map(\.type.markdownText).joined(separator: ", ")
        if !changed.isEmpty { lines.append("- Changed: \(changed)") }
        let unchanged = difference.unchanged.map(\.markdownText).joined(separator: ", ")
        if !unchanged.isEmpty { lines.append("- The same bytes: \(unchanged)") }
        return lines.joined(separator: "\n")
    }

    private var sizes: String {
        Table(
            columns: ["build", "size before", "size now", "change"],
            rows: difference.changed.map { change in
                [
                    change.type, sizeText(change.oldFileBytes), sizeText(change.newFileBytes),
                    Self.percent(Double(change.oldFileBytes), Double(change.newFileBytes)),
                ]
            }
        ).markdown
    }

    /// The metrics that readers look for first; JSON has all.
    private static let headlines: Set = [
        Metric.bitsPerByte, Metric.perplexity, Metric.meanKLD, Metric.sameTopPercent, Metric.accuracyPercent,
        Metric.meanCosine, Metric.top10OverlapPercent,
    ]

    private var quality: String {
        func number(_ value: Double, _ error: Double?) -> String {
            numberText(value, 4) + (error.map { " ± \(numberText($0, 4))" } ?? "")
        }
        let rows = difference.changed.flatMap { change in
            change.quality.filter { Self.headlines.contains($0.metric) }.map { figure in
                let verdict = figure.isBeyondError.map { $0 ? "beyond the error" : "within the error" } ?? "-"
                return [
                    change.type, figure.metric, number(figure.old, figure.oldStandardError),
                    number(figure.new, figure.newStandardError), Self.percent(figure.old, figure.new), verdict,
                ]
            }
        }
        return Table(columns: ["build", "metric", "before", "now", "change", "the change is"], rows: rows).markdown
    }

    private var devices: String {
        let rows = difference.changed.flatMap { change in
            change.devices.map { device in
                [
                    change.type, device.device, "\(device.context)",
                    "\(sizeText(device.oldPeakMemoryBytes)) → \(sizeText(device.newPeakMemoryBytes))",
                    "\(numberText(device.oldDecodeTokensPerSecond, 1)) → \(numberText(device.newDecodeTokensPerSecond, 1))",
                    device.oldVerdict == device.newVerdict
                        ? device.newVerdict : "\(device.oldVerdict) → \(device.newVerdict)",
                ]
            }
        }
        return Table(columns: ["build", "device", "context", "memory", "tokens/s", "verdict"], rows: rows).markdown
    }

    private func typeChanges(_ change: VersionDifference.Change) -> [String] {
        (change.tensorTypes ?? []).map { types in
            let first = types.tensors.first.map { ", such as \($0.markdownText)" } ?? ""
            let count = types.tensors.count == 1 ? "1 tensor" : "\(types.tensors.count) tensors"
            return "- \(change.type.markdownText): \(count) from \(types.from) to \(types.to)\(first)"
        }
    }

    private static func percent(_ old: Double, _ new: Double) -> String {
        guard old != 0, old.isFinite, new.isFinite else { return "-" }
        let change = (new - old) / old * 100
        return (change > 0 ? "+" : "") + numberText(change, 2) + " %"
    }
}
