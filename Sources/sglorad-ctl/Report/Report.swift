/// A command's textual output: fields, tables and sentences, each escaped so that it is safe to print.
struct Report: Sendable {
    private enum Part: Sendable {
        case fields(Table)
        case table(Table)
        case line(SafeText)
        case warning(SafeText)
        case space
    }

    private var parts: [Part] = []

    /// Names and values in two aligned columns; fields without a value are omitted.
    mutating func fields(_ fields: [(String, String?)]) {
        var table = Table([.left(""), .left("")])
        for (name, value) in fields {
            if let value { table.add([name, value]) }
        }
        parts.append(.fields(table))
    }

    /// A table, or a sentence if it has no rows.
    mutating func table(_ table: Table, orIfEmpty sentence: String) {
        parts.append(table.isEmpty ? .line(SafeText(sentence)) : .table(table))
    }

    mutating func line(_ text: String) { parts.append(.line(SafeText(text))) }

    /// A sentence that needs attention, prefixed with "Warning:".
    mutating func warning(_ text: String) { parts.append(.warning(SafeText("Warning: \(text)"))) }

    /// An empty line.
    mutating func space() { parts.append(.space) }

    /// The complete text; every line ends with a line feed.
    func rendered(_ style: Style = .plain) -> String {
        var lines: [String] = []
        for part in parts {
            switch part {
            case .fields(let table), .table(let table): lines += table.lines(style)
            case .line(let text): lines.append(text.description)
            case .warning(let text): lines.append(style.warning(text.description))
            case .space: lines.append("")
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
