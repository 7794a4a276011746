internal import Glibc

/// Human-readable numbers.
enum Format {
    /// A number with a fixed number of decimal places.
    static func fixed(_ value: Double, digits: Int = 3) -> String { printed("%.*f", [Int32(digits), value]) }

    /// Four significant digits, such as `0.01235` or `1.2e-07`.
    static func significant(_ value: Double) -> String { printed("%.4g", [value]) }

    /// A fraction as a percentage with one decimal place.
    static func percent(_ share: Double) -> String { "\(fixed(share * 100, digits: 1)) %" }

    /// A size in the largest binary unit in which it is at least 1.
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

    /// A duration in seconds, minutes or hours; `?` if it is negative or not finite.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min \(whole % 60) s"
        default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        }
    }

    /// A short time, such as `41 ms` or `1.20 s`; `?` if it is negative or not finite.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        switch seconds {
        case ..<0.0095: return "\(fixed(seconds * 1000, digits: 1)) ms"
        case ..<0.9995: return "\(Int((seconds * 1000).rounded())) ms"
        case ..<60: return "\(fixed(seconds, digits: 2)) s"
        default: return duration(seconds)
        }
    }

    /// `1 expert`, `2 experts`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `1 query`, `2 queries`: a noun with an irregular plural.
    static func count(_ number: Int, _ noun: String, _ plural: String) -> String {
        "\(number) \(number == 1 ? noun : plural)"
    }

    static func yesNo(_ flag: Bool?) -> String { flag == true ? "yes" : "no" }

    /// `String(format:)` needs all of Foundation; C's `vsnprintf` does not.
    private static func printed(_ format: String, _ arguments: [any CVarArg]) -> String {
        withVaList(arguments) { list in
            var buffer = [CChar](repeating: 0, count: 512)
            let length = vsnprintf(&buffer, buffer.count, format, list)
            let shown = buffer.prefix(Int(max(0, min(length, 511))))
            return String(decoding: shown.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
