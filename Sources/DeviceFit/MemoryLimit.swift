/// The memory that an app may use, and the verdict on a range of memory.
package struct MemoryLimit: Sendable {
    /// The memory that an app may certainly use.
    let bytes: Int
    /// The memory that may work at best: with Apple's entitlement, or by the most generous rule on Android.
    package let mostBytes: Int
    /// The words before the limit in a sentence.
    let allowance: String

    /// Creates the limit of an app on a device.
    package init(_ device: Device) {
        bytes = device.appLimitBytes
        mostBytes = FitEstimator.mostBytes(on: device)
        allowance = device.isLimitedByBudget ? "the budget is" : "an app on \(device.name) may use"
    }

    /// Creates the limit of a user's budget.
    package init(budget: ByteSize) {
        (bytes, mostBytes, allowance) = (budget.bytes, budget.bytes, "the budget is")
    }

    func verdict(on total: ByteRange) -> FitVerdict {
        if total.high <= bytes { return .fits }
        return total.mid <= bytes || mayRun(total) ? .tight : .doesNotFit
    }

    /// Returns the best possible verdict for weights of so many bytes, whatever a model needs beside them.
    package func bestVerdict(weightBytes: Int) -> FitVerdict {
        if weightBytes <= bytes - MemoryModel.overhead.high { return .fits }
        return weightBytes <= max(bytes, mostBytes) - MemoryModel.overhead.mid ? .tight : .doesNotFit
    }

    private func mayRun(_ total: ByteRange) -> Bool { total.low <= bytes && total.mid <= mostBytes }

    /// Returns the reason for a verdict, as a sentence.
    func reason(for verdict: FitVerdict, _ total: ByteRange) -> String {
        func size(_ bytes: Int) -> String { ByteSize(bytes: bytes).description }
        switch verdict {
        case .fits: return "needs at most \(size(total.high)); \(allowance) \(size(bytes))."
        case .tight where total.mid <= bytes:
            return "needs about \(size(total.mid)) and up to \(size(total.high)); \(allowance) \(size(bytes))."
        case .tight:
            return "needs about \(size(total.mid)); \(allowance) \(size(bytes)) for sure, so that it runs only "
                + "where mapped weights do not count or the limit is raised (at the very best \(size(mostBytes)))."
        case .doesNotFit: return "needs about \(size(total.mid)); \(allowance) \(size(bytes))."
        }
    }
}
