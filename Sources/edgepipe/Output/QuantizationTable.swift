import BinaryIO
import Steps

/// A quantization as text: the tensors by role or each by name, and the totals below.
struct QuantizationTable {
    let report: QuantizationReport
    /// Whether every tensor has a row.
    let isWhole: Bool

    /// - Parameter isVerbose: whether the user requested every tensor; CSV always has them.
    init(_ report: QuantizationReport, isVerbose: Bool, _ format: OutputFormat) {
        (self.report, isWhole) = (report, isVerbose || format == .csv)
    }

    /// Returns the rows, the sum, and the names of tensors that did not get their intended type.
    func text(_ format: OutputFormat) -> String {
        var lines = [(isWhole ? tensors : roles).text(format), "", summary]
        if let grids = report.gridSummary { lines.append("  \(grids)") }
        if let feedback = report.feedbackSummary { lines.append("  \(feedback)") }
        if let memory = report.feedbackMemory {
            lines.append("  rounding with feedback takes up to \(sizeText(memory)) of memory")
        }
        for tensor in report.tensors where tensor.fallback {
            lines.append(
                "  \(tensor.name): \(tensor.type) in place of \(tensor.wanted ?? "-"): \(tensor.reason ?? "")"
            )
        }
        return lines.asLines
    }

    private var summary: String {
        let size = "\(sizeText(report.bytes)), \(numberText(report.bitsPerWeight, 3)) bits a weight"
        return "\(report.type), \(size)" + (report.relativeError.map { ", error \(Self.percent($0)) %" } ?? "")
    }

    private static func percent(_ share: Double?) -> String { numberText(share.map { $0 * 100 }, 4) }

    private var isMeasured: Bool { report.tensors.contains { $0.relativeError != nil } }
    private var isWeighted: Bool { report.tensors.contains { $0.weightedError != nil } }

    private var tensors: Table {
        var columns = ["tensor", "type", "bytes", "instead of"]
        if isMeasured { columns.append("error %") }
        if isWeighted { columns.append("weighted %") }
        let rows = report.tensors.map { tensor in
            var row = [tensor.name, tensor.type, "\(tensor.bytes)", tensor.wanted ?? "-"]
            if isMeasured { row.append(Self.percent(tensor.relativeError)) }
            if isWeighted { row.append(Self.percent(tensor.weightedError)) }
            return row
        }
        return Table(columns: columns, rows: rows)
    }

    /// A row for each role and type, with the largest error among its tensors.
    private var roles: Table {
        struct Group: Hashable { let role, type: String }
        var order: [Group] = []
        var members: [Group: [QuantizationReport.Tensor]] = [:]
        for tensor in report.tensors {
            let group = Group(role: tensor.name.tensorRole, type: tensor.type)
            if members[group] == nil { order.append(group) }
            members[group, default: []].append(tensor)
        }
        var columns = ["tensors", "count", "type", "bytes"]
        if isMeasured { columns.append("largest error %") }
        if isWeighted { columns.append("largest weighted %") }
        let rows = order.map { group in
            let tensors = members[group] ?? []
            var row = [group.role, "\(tensors.count)", group.type, "\(tensors.reduce(0) { $0 + $1.bytes })"]
            if isMeasured { row.append(Self.percent(tensors.compactMap(\.relativeError).max())) }
            if isWeighted { row.append(Self.percent(tensors.compactMap(\.weightedError).max())) }
            return row
        }
        return Table(columns: columns, rows: rows)
    }
}

extension String {
    /// A tensor's name without layer and ending: "ffn_down".
    var tensorRole: String {
        var parts = split(separator: ".").map(String.init)
        if parts.last == "weight" { parts.removeLast() }
        if parts.first == "blk", parts.count > 2 { parts.removeFirst(2) }
        return parts.joined(separator: ".")
    }
}
