extension StringProtocol {
    /// The text on one line, with escapes for everything that a terminal would obey or hide: control characters, line
    /// ends, and marks that change the direction of writing. Names and texts from files are shown in this form.
    public var visible: String { escaped(keeping: []) { $0.escape } }

    /// The text as `visible`, with line ends and tabs kept.
    public var visibleLines: String { escaped(keeping: ["\n", "\t"]) { $0.escape } }

    /// A JSON document with JSON escapes for everything that a terminal would obey or hide.
    public var visibleJSON: String {
        escaped(keeping: ["\n", "\t"]) { scalar in
            scalar.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }

    private func escaped(keeping kept: [Unicode.Scalar], _ escape: (Unicode.Scalar) -> String) -> String {
        // Nearly every text is ASCII without anything to escape, and long ones are checked often.
        let keptBytes = kept.compactMap { UInt8(exactly: $0.value) }
        func isShown(_ byte: UInt8) -> Bool {
            (0x20..<0x7f).contains(byte) || (byte < 0x80 && keptBytes.contains(byte))
        }
        if utf8.withContiguousStorageIfAvailable({ $0.allSatisfy(isShown) }) ?? utf8.allSatisfy(isShown) {
            return String(self)
        }
        func isWrittenOut(_ scalar: Unicode.Scalar) -> Bool { scalar.isHidden && !kept.contains(scalar) }
        guard unicodeScalars.contains(where: isWrittenOut) else { return String(self) }
        var text = ""
        for scalar in unicodeScalars {
            if isWrittenOut(scalar) { text += escape(scalar) } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether a terminal or a page would obey the character instead of showing it.
    public var isHidden: Bool {
        if value < 0x7f { return value < 0x20 }
        if value < 0xa0 { return true }
        switch properties.generalCategory {
        case .lineSeparator, .paragraphSeparator: return true
        // The two joiners shape letters and emoji, and hide nothing.
        case .format: return value != 0x200c && value != 0x200d
        default: return false
        }
    }

    fileprivate var escape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(value, radix: 16, uppercase: true))}"
        }
    }
}
