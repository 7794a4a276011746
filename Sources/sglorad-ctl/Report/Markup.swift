internal import SgloradInterface

/// Escaped text and formatted numbers for an HTML page.
enum Markup {
    /// The characters that have a meaning in HTML, and their entities.
    private static let entities: [Unicode.Scalar: String] = [
        "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;",
    ]

    /// Escapes a text for use in an element or a quoted attribute; control characters, and those that change the
    /// direction of what follows, become U+FFFD.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            let turns = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            let isControl = turns || scalar.properties.generalCategory == .control
            result += entities[scalar] ?? (isControl ? "\u{FFFD}" : String(scalar))
        }
    }

    /// A number with a fixed number of decimal places and a real minus sign; `?` where it is not finite or beyond 10¹².
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

    /// A difference with an explicit sign, except where it rounds to zero.
    static func signed(_ value: Double, digits: Int = 3) -> String {
        let text = fixed(value, digits: digits)
        return value > 0 && text != fixed(0, digits: digits) ? "+\(text)" : text
    }

    /// An interval, such as `0.461 to 0.571`.
    static func interval(_ estimate: Wire.Estimate, signed isSigned: Bool = false) -> String {
        let ends = [estimate.lower, estimate.upper].map { isSigned ? signed($0) : fixed($0) }
        return ends.joined(separator: " to ")
    }
}
