/// Sizes as text: a whole number of bytes, or of K, M or G (powers of 1,024).
package enum SizeText {
    private static let units: [(letter: Character, shift: Int)] = [("G", 30), ("M", 20), ("K", 10)]

    /// The bytes of a text such as `65536`, `64K`, `16M` or `2G`; nil for anything else.
    package static func bytes(_ text: String) -> Int? {
        let unit = units.first { $0.letter == text.last }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(digits)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (unit?.shift ?? 0))
        return overflow ? nil : bytes
    }

    /// Formats a size in the largest unit that divides it.
    package static func text(_ bytes: Int) -> String {
        for unit in units where bytes > 0 && bytes & ((1 << unit.shift) - 1) == 0 {
            return "\(bytes >> unit.shift)\(unit.letter)"
        }
        return "\(bytes)"
    }
}

/// Durations as text: a whole number and its unit.
package enum DurationText {
    private static let units: [(letter: Character, seconds: Int)] = [
        ("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// The duration of a text such as `90s`, `5m`, `36h` or `7d`; nil for anything else.
    package static func duration(_ text: String) -> Duration? {
        guard let letter = text.last, let unit = units.first(where: { $0.letter == letter }) else {
            return nil
        }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(digits)
        else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
        return overflow ? nil : .seconds(seconds)
    }

    /// Formats a duration in the largest unit that divides it.
    package static func text(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        for unit in units where seconds > 0 && seconds % unit.seconds == 0 {
            return "\(seconds / unit.seconds)\(unit.letter)"
        }
        return "\(seconds)s"
    }
}
