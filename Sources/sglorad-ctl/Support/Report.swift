/// What a command prints for a person: fields, tables and sentences, each made safe to print.
struct Report: Sendable {
    private enum Part: Sendable {
        case fields(Table)
        case table(Table)
        case line(SafeText)
        case warning(SafeText)
        case space
    }

    private var parts: [Part] = []

    /// Names and values in two aligned columns; what has no value is left out.
    mutating func fields(_ fields: [(String, String?)]) {
        var table = Table([.left(""), .left("")])
        for (name, value) in fields {
            if let value { table.add([name, value]) }
        }
        parts.append(.fields(table))
    }

    /// A table, or a sentence instead where it has no row.
    mutating func table(_ table: Table, orIfEmpty sentence: String) {
        parts.append(table.isEmpty ? .line(SafeText(sentence)) : .table(table))
    }

    /// A sentence.
    mutating func line(_ text: String) { parts.append(.line(SafeText(text))) }

    /// A sentence that wants attention.
    mutating func warning(_ text: String) { parts.append(.warning(SafeText("Warning: \(text)"))) }

    /// An empty line.
    mutating func space() { parts.append(.space) }

    /// The whole, with a line feed after each line.
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
