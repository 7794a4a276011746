/// Values that can be printed in the text exposition format.
protocol Renderable: AnyObject, Sendable {
    /// The metric type of the `# TYPE` line.
    static var type: String { get }
    /// The sample lines of one series.
    func lines(_ name: String, _ dimensions: [MetricsRegistry.Dimension]) -> [String]
}

/// The syntax of Prometheus' text exposition format, version 0.0.4.
enum Exposition {
    /// A sample line: name, labels and value.
    static func line(_ name: String, _ dimensions: [MetricsRegistry.Dimension], _ value: Double) -> String {
        "\(name)\(labels(dimensions)) \(number(value))"
    }

    /// Labels in braces; empty if there are none.
    static func labels(_ dimensions: [MetricsRegistry.Dimension]) -> String {
        guard !dimensions.isEmpty else { return "" }
        return
            "{\(dimensions.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ","))}"
    }

    /// A description, escaped to fit on one line.
    static func help(_ text: String) -> String { escaped(text, quotes: false) }

    /// A valid metric or label name: characters other than ASCII letters and digits become underscores, and a
    /// leading digit is prefixed with one.
    static func name(_ label: String) -> String {
        let name = label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return name.first?.isNumber == true ? "_" + String(name) : String(name)
    }

    /// A value; integers are written without a decimal point.
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
