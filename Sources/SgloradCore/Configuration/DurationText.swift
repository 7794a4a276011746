/// Durations as a person writes them: a whole number and its unit.
enum DurationText {
    private static let units: [(letter: Character, seconds: Int)] = [
        ("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// The duration of a text such as `90s`, `5m`, `36h` or `7d`; nil for anything else.
    static func duration(_ text: String) -> Duration? {
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

    /// A duration in the largest unit that it is a whole number of.
    static func text(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        for unit in units where seconds > 0 && seconds % unit.seconds == 0 {
            return "\(seconds / unit.seconds)\(unit.letter)"
        }
        return "\(seconds)s"
    }
}
