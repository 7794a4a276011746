/// Text and numbers as they stand in a page.
enum Markup {
    /// A text that markup cannot break out of, in an element or in an attribute; control characters become visible.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case let scalar where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number with a fixed count of digits behind the point.
    static func fixed(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "?" }
        var unit = 1.0
        for _ in 0..<digits { unit *= 10 }
        let scaled = Int((abs(value) * unit).rounded())
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % Int(unit))
        return
            "\(sign)\(scaled / Int(unit)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// A difference with its sign.
    static func signed(_ value: Double, digits: Int = 3) -> String {
        let text = fixed(value, digits: digits)
        return value > 0 && text != fixed(0, digits: digits) ? "+\(text)" : text
    }

    /// `0.461 to 0.571`.
    static func interval(_ estimate: EvaluationReport.Estimate, signed isSigned: Bool = false) -> String {
        let ends = [estimate.lower, estimate.upper].map { isSigned ? signed($0) : fixed($0) }
        return ends.joined(separator: " to ")
    }
}
