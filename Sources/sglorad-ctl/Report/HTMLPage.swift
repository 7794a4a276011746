internal import ErrorModel
internal import Glibc

/// One self-contained HTML document that one keeps: no script, no external style sheet, font or image.
///
/// A content security policy forbids every request. Colours follow the display's light or dark scheme; tables and wide
/// drawings scroll within themselves, so that the page fits a phone.
struct HTMLPage: Sendable {
    /// The title, not escaped.
    let title: String
    /// What the page is about, in one sentence.
    let summary: String
    /// The markup after the title.
    let content: String
    /// When the page was written, as the footer says it.
    let written: String

    /// The whole document.
    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(Markup.escaped(title))</title>
        <style>
        \(PageStyle.sheet)
        </style>
        </head>
        <body>
        <main>
        <h1>\(Markup.escaped(title))</h1>
        <p class="lead">\(Markup.escaped(summary))</p>
        \(content)
        </main>
        <footer><p>Written on \(Markup.escaped(written)) by sglorad-ctl \(SgloradRelease.version), on this machine and \
        without the network. This file loads nothing and runs no script.</p></footer>
        </body>
        </html>

        """
    }

    /// Names and values, such as the circumstances of a report.
    static func facts(_ facts: [(name: String, value: String?)]) -> String {
        let rows = facts.compactMap { fact in
            fact.value.map { "<dt>\(Markup.escaped(fact.name))</dt><dd>\(Markup.escaped($0))</dd>" }
        }
        return "<dl>\(rows.joined())</dl>\n"
    }

    /// A drawing that scrolls within itself where it is wider than the page.
    static func wide(_ drawing: String, name: String) -> String {
        "<figure class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"\(Markup.escaped(name))\">\(drawing)</figure>"
    }

    /// The moment as a page's footer names it, such as `27 November 2026, 11:20 UTC`.
    static func moment(_ seconds: Int = time(nil)) -> String {
        var (time, parts) = (time_t(seconds), tm())
        gmtime_r(&time, &parts)
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let clock = [parts.tm_hour, parts.tm_min].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "\(parts.tm_mday) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900), \(clock) UTC"
    }
}

/// A table of a page, with a caption, and a heading for each column and each row.
struct PageTable: Sendable {
    /// What a column holds, which decides how it is set.
    enum Kind: Sendable {
        case number
        case text
    }

    private let caption: String
    private let columns: [(title: String, kind: Kind)]
    private var rows: [String] = []

    /// An empty table; the first column holds the rows' headings.
    init(_ caption: String, _ columns: [(title: String, kind: Kind)]) {
        self.caption = caption
        self.columns = columns
    }

    /// Adds a row of texts, which are escaped.
    mutating func add(_ cells: [String]) {
        let marked = zip(cells, columns).dropFirst().map { cell, column in
            let style = column.kind == .text ? " class=\"text\(Self.isShort(cell) ? " short" : "")\"" : ""
            return "<td\(style)>\(Markup.escaped(cell))</td>"
        }
        add(heading: cells.first ?? "", marked.joined())
    }

    /// Adds a row of markup behind its heading, which is escaped; `tooltip` is shown on hover.
    mutating func add(heading: String, tooltip: String? = nil, _ cells: String) {
        let title = tooltip.map { " title=\"\(Markup.escaped($0))\"" } ?? ""
        let style = Self.isShort(heading) ? " class=\"short\"" : ""
        rows.append("<tr><th scope=\"row\"\(style)\(title)>\(Markup.escaped(heading))</th>\(cells)</tr>")
    }

    /// Whether a text is an identifier or a time, say, which no line should break.
    private static func isShort(_ text: String) -> Bool { text.count <= 20 }

    /// The `<table>`, in a container that scrolls; empty where there are no rows.
    var html: String {
        guard !rows.isEmpty else { return "" }
        let titles = columns.map { column in
            "<th scope=\"col\"\(column.kind == .text ? " class=\"text\"" : "")>\(Markup.escaped(column.title))</th>"
        }
        return """
            <div class="scroll" tabindex="0" role="group" aria-label="\(Markup.escaped(caption))"><table>
            <caption>\(Markup.escaped(caption))</caption>
            <thead><tr>\(titles.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></div>

            """
    }
}
