import Glibc

/// How numbers are written for a person.
enum Format {
    /// A number with a fixed count of digits behind the point.
    static func fixed(_ value: Double, digits: Int = 3) -> String { printed("%.*f", [Int32(digits), value]) }

    /// A number of any size with four significant digits, such as `0.01235` or `1.2e-07`.
    static func significant(_ value: Double) -> String { printed("%.4g", [value]) }

    /// A share as a percentage with one digit.
    static func percent(_ share: Double) -> String { "\(fixed(share * 100, digits: 1)) %" }

    /// A size on disk, in the largest unit that leaves at least 1; binary units.
    static func bytes(_ count: Int) -> String {
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count)
        var unit = ""
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        return "\(fixed(value, digits: 1)) \(unit)"
    }

    /// A span of time in seconds, minutes or hours; a negative or endless one is written `?`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        }
    }

    /// `1 expert`, `2 experts`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `1 query`, `2 queries`: a noun with a plural of its own.
    static func count(_ number: Int, _ noun: String, _ plural: String) -> String {
        "\(number) \(number == 1 ? noun : plural)"
    }

    /// `yes` or `no`.
    static func yesNo(_ flag: Bool?) -> String { flag == true ? "yes" : "no" }

    /// Without Foundation's full library there is no `String(format:)`; this is C's own.
    private static func printed(_ format: String, _ arguments: [any CVarArg]) -> String {
        withVaList(arguments) { list in
            var buffer = [CChar](repeating: 0, count: 512)
            let length = vsnprintf(&buffer, buffer.count, format, list)
            let shown = buffer.prefix(Int(max(0, min(length, 511))))
            return String(decoding: shown.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
