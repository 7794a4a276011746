/// Small charts of a page, drawn so that they can be read on a phone without being made larger.
enum Chart {
    private static let width = 340.0

    /// One bar of a chart: its name, its length, and what is written at its end.
    struct Bar: Sendable {
        let name: String
        let value: Double
        let label: String
    }

    /// Horizontal bars, each below its name; empty where there are none.
    ///
    /// - Parameters:
    ///   - title: what the bars show, for the heading and for screen readers.
    ///   - bars: in the order in which they are shown.
    static func bars(_ title: String, _ bars: [Bar]) -> String {
        guard !bars.isEmpty else { return "" }
        let row = 38.0
        let most = max(bars.map(\.value).max() ?? 0, .leastNormalMagnitude)
        var drawing = Drawing(
            width: width, height: row * Double(bars.count), label: described(title, bars), style: "chart")
        for (place, bar) in bars.enumerated() {
            let y = row * Double(place)
            drawing.text(0, y + 15, shortened(bar.name, to: 34))
            drawing.text(width, y + 15, bar.label, anchor: "end", style: "value")
            drawing.bar(0, y + 21, width: width, height: 8, style: "track", tooltip: bar.name)
            let length = bar.value > 0 ? max(2, width * bar.value / most) : 0
            drawing.bar(
                0, y + 21, width: length, height: 8, style: "bar", tooltip: "\(bar.name): \(bar.label)")
        }
        return section(title, drawing)
    }

    /// Columns side by side, for the shares of a range; empty where all are zero.
    ///
    /// - Parameters:
    ///   - title: as for ``bars(_:_:)``.
    ///   - columns: at most twelve, in order.
    ///   - axis: what the names below the columns are.
    static func columns(_ title: String, _ columns: [Bar], axis: String) -> String {
        guard let most = columns.map(\.value).max(), most > 0 else { return "" }
        let (top, bottom) = (18.0, 140.0)
        let step = width / Double(columns.count)
        let thickness = min(44, step * 0.72)
        var drawing = Drawing(
            width: width, height: bottom + 42, label: described(title, columns), style: "chart")
        drawing.line(0, bottom, width, bottom, "zero")
        for (place, column) in columns.enumerated() {
            let x = step * (Double(place) + 0.5)
            let height = column.value > 0 ? max(2, (bottom - top) * column.value / most) : 0
            drawing.bar(
                x - thickness / 2, bottom - height, width: thickness, height: height, style: "bar",
                tooltip: "\(column.name): \(column.label)")
            if column.value > 0 {
                drawing.text(x, bottom - height - 5, column.label, anchor: "middle", style: "tick")
            }
            drawing.text(x, bottom + 15, column.name, anchor: "middle", style: "tick")
        }
        drawing.text(width / 2, bottom + 35, axis, anchor: "middle", style: "tick")
        return section(title, drawing)
    }

    private static func section(_ title: String, _ drawing: Drawing) -> String {
        "<section><h3>\(Markup.escaped(title))</h3><figure>\(drawing.svg)</figure></section>\n"
    }

    /// The chart in words: its title and every value.
    private static func described(_ title: String, _ bars: [Bar]) -> String {
        "\(title): " + bars.map { "\($0.name) \($0.label)" }.joined(separator: ", ")
    }

    private static func shortened(_ text: String, to length: Int) -> String {
        text.count > length ? text.prefix(length - 1) + "…" : text
    }
}
