/// Prometheus' text exposition format, version 0.0.4.
enum Exposition {
    /// A sample: name, labels and number.
    static func line(_ name: String, _ dimensions: [MetricsRegistry.Dimension], _ value: Double) -> String {
        "\(name)\(labels(dimensions)) \(number(value))"
    }

    /// Labels in braces; nothing where there are none.
    static func labels(_ dimensions: [MetricsRegistry.Dimension]) -> String {
        guard !dimensions.isEmpty else { return "" }
        return
            "{\(dimensions.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ","))}"
    }

    /// A description on one line.
    static func help(_ text: String) -> String { escaped(text, quotes: false) }

    /// A number; whole ones without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
