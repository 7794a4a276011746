/// Rows in aligned columns; cells are never truncated, so a row may be wider than the terminal.
struct Table: Sendable {
    enum Alignment: Sendable {
        case left
        case right
    }

    struct Column: Sendable {
        let title: String
        let alignment: Alignment

        static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
        static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    private static let gap = "  "

    private let columns: [Column]
    private var rows: [[SafeText]] = []

    init(_ columns: [Column]) { self.columns = columns }

    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; missing cells stay empty, and the content is escaped.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { SafeText($0 < cells.count ? cells[$0] : "") })
    }

    /// The lines without trailing spaces; the header is omitted if no column has a title.
    func lines(_ style: Style = .plain) -> [String] {
        let titles = columns.map { SafeText($0.title) }
        let widths = columns.indices.map { column in
            rows.reduce(titles[column].width) { max($0, $1[column].width) }
        }
        var lines: [String] = []
        if titles.contains(where: { $0.width > 0 }) { lines.append(style.heading(line(titles, widths))) }
        lines += rows.map { line($0, widths) }
        return lines
    }

    private func line(_ cells: [SafeText], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: widths[index] - cell.width)
            if index > 0 { line += Self.gap }
            line +=
                columns[index].alignment == .left ? cell.description + padding : padding + cell.description
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
