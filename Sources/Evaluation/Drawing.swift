/// A drawing in SVG that takes its colours from the page's style.
struct Drawing {
    /// What stands at a point.
    enum Mark: Int, CaseIterable {
        case circle, diamond, square, triangle, cross
    }

    private let width: Double
    private let height: Double
    private let label: String
    private var body = ""

    /// An empty drawing; `label` says to a reader who cannot see it what it shows.
    init(width: Double, height: Double, label: String) {
        self.width = width
        self.height = height
        self.label = label
    }

    /// The element.
    var svg: String {
        """
        <svg viewBox="0 0 \(n(width)) \(n(height))" role="img" aria-label="\(Markup.escaped(label))">
        \(body)</svg>

        """
    }

    /// A line of a class of the page's style.
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        body += "<line class=\"\(style)\" x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\"/>\n"
    }

    /// A text; `anchor` is start, middle or end.
    mutating func text(
        _ x: Double, _ y: Double, _ text: String, anchor: String = "start", style: String = "label",
        turned: Bool = false
    ) {
        let turn = turned ? " transform=\"rotate(-90 \(n(x)) \(n(y)))\"" : ""
        body += "<text class=\"\(style)\" x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\"\(turn)>"
        body += "\(Markup.escaped(text))</text>\n"
    }

    /// A mark with what is shown when it is pointed at.
    mutating func mark(
        _ mark: Mark, _ x: Double, _ y: Double, size: Double = 4.5, style: String, tooltip: String
    ) {
        body += "<g class=\"mark \(style)\"><title>\(Markup.escaped(tooltip))</title>"
        let s = size
        switch mark {
        case .circle: body += "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(s))\"/>"
        case .square: body += "<path d=\"M\(n(x - s)) \(n(y - s))h\(n(2 * s))v\(n(2 * s))h\(n(-2 * s))z\"/>"
        case .diamond:
            let d = 1.35 * s
            body += "<path d=\"M\(n(x)) \(n(y - d))l\(n(d)) \(n(d))l\(n(-d)) \(n(d))l\(n(-d)) \(n(-d))z\"/>"
        case .triangle:
            let d = 1.2 * s
            body += "<path d=\"M\(n(x)) \(n(y - d))l\(n(d)) \(n(1.9 * d))h\(n(-2 * d))z\"/>"
        case .cross:
            body += "<path class=\"stroke\" d=\"M\(n(x - s)) \(n(y - s))l\(n(2 * s)) \(n(2 * s))"
            body += "m0 \(n(-2 * s))l\(n(-2 * s)) \(n(2 * s))\"/>"
        }
        body += "</g>\n"
    }

    /// Marks with their names, in a row at the top.
    mutating func legend(_ entries: [(name: String, mark: Mark, style: String)]) {
        var left = 96.0
        for (name, mark, style) in entries {
            self.mark(mark, left, 16, style: style, tooltip: name)
            text(left + 10, 20, name)
            left += 34 + 7.6 * Double(name.count)
        }
    }

    /// A horizontal axis with its grid and name, over the heights `top` to `bottom`.
    mutating func horizontalAxis(
        _ scale: PlotScale, top: Double, bottom: Double, name: String, signed: Bool = false
    ) {
        for tick in scale.ticks {
            let x = scale.place(tick)
            line(x, top, x, bottom, "grid")
            let digits = scale.digits
            text(
                x, bottom + 16,
                signed ? Markup.signed(tick, digits: digits) : Markup.fixed(tick, digits: digits),
                anchor: "middle", style: "tick")
        }
        text((scale.places.0 + scale.places.1) / 2, bottom + 36, name, anchor: "middle", style: "axis")
    }

    /// A vertical axis with its grid and name, over the widths `left` to `right`.
    mutating func verticalAxis(
        _ scale: PlotScale, left: Double, right: Double, name: String, signed: Bool = false
    ) {
        for tick in scale.ticks {
            let y = scale.place(tick)
            line(left, y, right, y, "grid")
            let digits = scale.digits
            text(
                left - 8, y + 4,
                signed ? Markup.signed(tick, digits: digits) : Markup.fixed(tick, digits: digits),
                anchor: "end", style: "tick")
        }
        text(
            left - 52, (scale.places.0 + scale.places.1) / 2, name, anchor: "middle", style: "axis",
            turned: true)
    }

    /// A number of a drawing: a tenth of a pixel is enough.
    private func n(_ value: Double) -> String {
        let text = Markup.fixed(value, digits: 1).replacing("−", with: "-")
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
