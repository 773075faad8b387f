import Foundation

/// The parts of a model's name: `Llama-3.2-1B-Instruct` is version 3.2 of Llama, of size 1B, tuned for instructions.
///
/// The reference converter's heuristics, which determine `general.name`, `basename`, `finetune`, `version` and
/// `size_label`; the meaning of a part follows from its form and position.
package struct ModelNaming: Equatable {
    package var fullName: String
    package var organization: String?
    package var basename: String?
    package var finetune: String?
    package var version: String?
    package var sizeLabel: String?

    private enum Meaning { case basename, size, finetune, version, type }

    private struct Part {
        var text: String
        var meanings: Set<Meaning> = []
    }

    /// - Parameters:
    ///   - identifier: a Hub id with or without its owner, or a folder's name.
    ///   - parameterCount: distinguishes sizes from context lengths; negative for an adapter, which leaves weights out.
    package init(_ identifier: String, parameterCount: Int) {
        let halves = identifier.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        fullName = halves.last ?? identifier
        guard !identifier.contains(" ") else {
            fullName = identifier
            return
        }
        if halves.count == 2, !halves[0].isEmpty, !halves[0].hasPrefix(".") { organization = halves[0] }
        var parts = fullName.split(separator: "-").map { Part(text: String($0)) }
        for index in parts.indices {
            Self.annotate(&parts[index], isFirst: index == 0, parameterCount: parameterCount)
        }
        Self.preferNumberedSizes(&parts)
        Self.findBasename(&parts)
        basename = Self.join(parts.filter { $0.meanings.contains(.basename) })
        var sizes: [Part] = []
        for part in parts where part.meanings.contains(.size) && !sizes.contains(where: { $0.text == part.text }) {
            sizes.append(part)
        }
        sizeLabel = Self.join(sizes)
        finetune = Self.join(parts.filter { $0.meanings.contains(.finetune) })
        version = Self.join(parts.filter { $0.meanings.contains(.version) && !$0.meanings.contains(.basename) })
        // Without any of these, no part of the name can be told to be the base.
        if sizeLabel == nil, finetune == nil, version == nil { basename = nil }
    }

    /// `tiny-phi3` as a title: `Tiny Phi3`. Words with capitals, and versions, stay unchanged.
    package static func title(_ name: String) -> String {
        name.replacing("-", with: " ").split(whereSeparator: \.isWhitespace).map { word in
            let isLower = word.contains(where: \.isLowercase) && !word.contains(where: \.isUppercase)
            guard isLower, word.wholeMatch(of: /v\d+(\.\d+)*|\d.*/) == nil else { return String(word) }
            return titled(word)
        }.joined(separator: " ")
    }

    /// Capitalizes every run of letters, like Python's `title`.
    private static func titled(_ word: Substring) -> String {
        var isInside = false
        return String(
            word.map { character -> Character in
                defer { isInside = character.isLetter }
                return isInside ? character : Character(character.uppercased())
            }
        )
    }

    private static func annotate(_ part: inout Part, isFirst: Bool, parameterCount: Int) {
        if part.text.wholeMatch(of: /(?i)(v|iter)?\d+([.]\d+)*/) != nil {
            part.meanings.insert(.version)
        } else if part.text.wholeMatch(of: /(?i)i?q\d(_\w)*|b?fp?(16|32)/) != nil {
            part.meanings.insert(.type)
            part.text = part.text.uppercased()
        } else if !isFirst,
            part.text.wholeMatch(
                of: /(?i)(([A]|\d+[x])?\d+([._]\d+)?[KMBT][\d]?|small|mini|medium|large|x?xl)/
            ) != nil
        {
            annotateSize(&part, parameterCount: parameterCount)
        } else if !isFirst, part.text.wholeMatch(of: /(?i)chat|instruct|vision|lora/) != nil {
            // For an adapter, "lora" carries no information.
            let isKind = parameterCount < 0 && part.text.lowercased() == "lora"
            part.meanings.insert(isKind ? .type : .finetune)
        }
    }

    private static func annotateSize(_ part: inout Part, parameterCount: Int) {
        var text = Array(part.text.replacing("_", with: "."))
        if text.count >= 2, text[text.count - 1].isNumber {  // bloom's 7b1 is 7.1b
            text = text.dropLast(2) + [".", text[text.count - 1], text[text.count - 2]]
        }
        if text.count > 1, text[text.count - 2].isNumber, let suffix = text.last, "kmbt".contains(suffix) {
            text[text.count - 1] = Character(suffix.uppercased())
        }
        if parameterCount != 0, let suffix = text.last, let power = Array(" KMBT").firstIndex(of: suffix),
            let number = Double(String(text.dropLast()))
        {
            let claimed = number * pow(1000, Double(power))
            let isFar =
                parameterCount > 0
                ? abs(claimed - Double(parameterCount)) > Double(7 * parameterCount / 8)
                : claimed < Double(-parameterCount / 8)
            if isFar {
                // Far from the model's size, it is a context length.
                part.meanings.insert(.finetune)
                text[text.count - 1] = Character(suffix.lowercased())
            }
        }
        if part.meanings.isEmpty { part.meanings.insert(.size) }
        part.text = String(text)
    }

    /// Removes the meaning of a size from words such as "mini" if there is a number such as "3.8B".
    private static func preferNumberedSizes(_ parts: inout [Part]) {
        let sizes = parts.filter { $0.meanings.contains(.size) }
        guard sizes.contains(where: { $0.text.contains(where: \.isNumber) }) else { return }
        for index in parts.indices where parts[index].text.allSatisfy(\.isLetter) {
            parts[index].meanings.remove(.size)
        }
    }

    private static func findBasename(_ parts: inout [Part]) {
        var isAtStart = true
        for index in parts.indices {
            let part = parts[index]
            let isWord = part.meanings.isEmpty && part.text.first?.isLetter == true
            if isAtStart, isWord || part.meanings.contains(.version) {
                parts[index].meanings.insert(.basename)
            } else {
                isAtStart = false
                if part.meanings.isEmpty { parts[index].meanings.insert(.finetune) }
            }
        }
        // A version at the very end does not belong to the base.
        for index in parts.indices.reversed() {
            guard parts[index].meanings.contains(.basename), parts[index].meanings.count > 1 else { break }
            parts[index].meanings.remove(.basename)
        }
    }

    private static func join(_ parts: [Part]) -> String? {
        parts.isEmpty ? nil : parts.map(\.text).joined(separator: "-")
    }
}
