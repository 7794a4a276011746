/// Rows in aligned columns; a row may be wider than the terminal, and nothing is cut.
struct Table: Sendable {
    /// To which side a column's cells are aligned.
    enum Alignment: Sendable {
        case left
        case right
    }

    /// A column's head and alignment.
    struct Column: Sendable {
        let title: String
        let alignment: Alignment

        static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
        static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    /// What stands between two columns.
    private static let gap = "  "

    private let columns: [Column]
    private var rows: [[SafeText]] = []

    /// A table without rows.
    init(_ columns: [Column]) { self.columns = columns }

    /// Whether there is no row.
    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that are missing stay empty, and what a cell holds is made safe to print.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { SafeText($0 < cells.count ? cells[$0] : "") })
    }

    /// The lines, without white space at their ends; the head is left out where no column has a title.
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
