import Yams

/// The meaning of a scalar in the core schema of YAML 1.2, section 10.3.2. The parser itself follows YAML 1.1, which
/// reads `0512` as octal, `10:00` as a number in base sixty, and `no` as false.
extension Node {
    /// `null`, `~`, or an empty scalar; a quoted text is never null.
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

    /// A decimal number, neither infinite nor NaN.
    package var coreNumber: Double? {
        guard let text = scalar?.string,
            text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil,
            let number = Double(text.hasSuffix(".") ? text + "0" : text), number.isFinite
        else { return nil }
        return number
    }
}
