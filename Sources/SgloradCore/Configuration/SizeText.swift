/// Sizes as a person writes them: a whole number of bytes, or one and KiB, MiB, GiB or TiB.
enum SizeText {
    private static let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)]

    /// How many bytes a text such as `4GiB` or `1048576` says; nil for anything else.
    static func bytes(_ text: String) -> Int? {
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = unit == nil ? text[...] : text.dropLast(3)
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(digits)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (unit?.1 ?? 0))
        return overflow ? nil : bytes
    }

    /// A size in the largest unit that it is a whole number of.
    static func text(_ bytes: Int) -> String {
        for (name, power) in units.reversed() where bytes > 0 && bytes % (1 << power) == 0 {
            return "\(bytes >> power)\(name)"
        }
        return "\(bytes)"
    }
}
