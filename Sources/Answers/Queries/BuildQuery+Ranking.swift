import BinaryIO
import Briefs
import DeviceFit
import Registry

extension BuildQuery {
    static func commonText(of builds: [BuildSummary]) -> SHA256Digest? {
        let texts = Dictionary(grouping: builds.compactMap { $0.textSha256 }, by: { $0 }).mapValues { $0.count }
        return texts.max { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }?.key
    }

    /// Ranks builds: those that certainly fit before those that are tight, then by quality on the same text, then by
    /// speed.
    ///
    /// Bits per byte of different texts cannot be compared, nor can cosines, so builds measured on the most frequent
    /// text are first. Such a text cannot resolve a thousandth of a bit: within that difference the speed decides.
    /// - Parameters:
    ///   - common: the text on which most builds were measured.
    ///   - language: the language of the remarks.
    static func ranked(_ builds: [BuildSummary], common: SHA256Digest?, _ language: Language) -> [BuildSummary] {
        let words = ReasonWords(language: language)
        func rank(_ build: BuildSummary) -> (Int, Int, Double, Double, Double) {
            let isComparable = build.textSha256 == common && build.loss != nil
            return (
                build.estimate?.verdict == .tight ? 1 : 0, isComparable ? 0 : 1, build.qualityStep ?? .infinity,
                -(build.decodeTokensPerSecond ?? build.prefillTokensPerSecond ?? 0), build.loss ?? .infinity
            )
        }
        var ranked = builds.sorted { first, second in
            let (a, b) = (rank(first), rank(second))
            return a == b ? precedes(first, second) : a < b
        }
        ranked.remarkBeaten(on: common, language)
        for index in ranked.indices {
            if ranked[index].textSha256 != common || ranked[index].loss == nil {
                ranked[index].remarks.append(words.otherText)
            }
            guard index > 0 else { continue }
            let (before, own) = (rank(ranked[index - 1]), rank(ranked[index]))
            if (before.0, before.1, before.2) == (own.0, own.1, own.2), own.1 == 0, before.3 < own.3 {
                let isBits = ranked[index].bitsPerByte != nil
                ranked[index].remarks.append(words.asGood(as: ranked[index - 1].build, isBits: isBits))
            }
        }
        return ranked
    }

    /// Orders two builds. If no measurement or estimate decides, as for two versions of the same bytes, the newer one
    /// is first.
    private static func precedes(_ first: BuildSummary, _ second: BuildSummary) -> Bool {
        guard first.model == second.model else { return first.model < second.model }
        if let left = ModelVersion(first.version), let right = ModelVersion(second.version), left != right {
            return left > right
        }
        return first.build < second.build
    }
}

extension [BuildSummary] {
    /// Adds a remark to each build for which another one of its version takes no more bytes and is better.
    /// - Parameters:
    ///   - text: the text on which quality is compared; nil for the one on which most builds were measured.
    ///   - language: the language of the remarks.
    package mutating func remarkBeaten(on text: SHA256Digest? = nil, _ language: Language = .english) {
        guard let text = text ?? BuildQuery.commonText(of: self) else { return }
        for index in indices {
            guard let better = first(where: { $0.beats(self[index], on: text) }) else { continue }
            self[index].remarks.append(ReasonWords(language: language).beaten(by: better.build))
        }
    }
}

extension BuildSummary {
    /// Whether this build beats another one of its version: it takes no more bytes and has measurably better quality,
    /// or equal quality in fewer bytes.
    fileprivate func beats(_ other: BuildSummary, on text: SHA256Digest) -> Bool {
        guard model == other.model, version == other.version, build != other.build, fileBytes <= other.fileBytes,
            textSha256 == text, other.textSha256 == text, let own = qualityStep, let its = other.qualityStep
        else { return false }
        // In a small model a coarser build may predict a short text better by chance; its divergence from the source
        // decides then.
        if let kld, let theirs = other.kld, kld > theirs { return false }
        return own < its || (own == its && fileBytes < other.fileBytes)
    }
}
