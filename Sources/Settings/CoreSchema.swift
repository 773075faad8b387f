import Yams

/// What a scalar means by the core schema of YAML 1.2, section 10.3.2. YAML 1.1, which the parser follows by itself, reads
/// `0512` as octal, `10:00` as a number to the base of sixty, and `no` as false.
extension Node {
    /// `null`, `~`, or nothing at all; a quoted text is never null.
    package var isNull: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    package var coreBool: Bool? {
        switch scalar?.string {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// A decimal integer.
    package var coreInteger: Int? {
        guard let text = scalar?.string, text.wholeMatch(of: /[-+]?[0-9]+/) != nil else { return nil }
        return Int(text)
    }

    /// A decimal number; neither infinity nor not-a-number.
    package var coreNumber: Double? {
        guard let text = scalar?.string,
            text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil,
            let number = Double(text.hasSuffix(".") ? text + "0" : text), number.isFinite
        else { return nil }
        return number
    }
}
