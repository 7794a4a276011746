/// Sizes as a person writes them: a whole number of bytes, or of K, M or G (powers of 1,024).
enum SizeText {
    private static let units: [(letter: Character, shift: Int)] = [("G", 30), ("M", 20), ("K", 10)]

    /// The bytes of a text such as `65536`, `64K`, `16M` or `2G`; nil for anything else.
    static func bytes(_ text: String) -> Int? {
        let unit = units.first { $0.letter == text.last }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(digits)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (unit?.shift ?? 0))
        return overflow ? nil : bytes
    }

    /// A size in the largest unit that it is a whole number of.
    static func text(_ bytes: Int) -> String {
        for unit in units where bytes > 0 && bytes & ((1 << unit.shift) - 1) == 0 {
            return "\(bytes >> unit.shift)\(unit.letter)"
        }
        return "\(bytes)"
    }
}
