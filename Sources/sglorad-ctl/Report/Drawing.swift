/// An SVG drawing, coloured by the CSS classes of the page's style sheet.
struct Drawing {
    /// The shape of a data point.
    enum Mark: Int, CaseIterable {
        case circle, diamond, square, triangle, cross
    }

    private let width: Double
    private let height: Double
    private let label: String
    private let style: String
    private var body = ""

    /// An empty drawing of a size in pixels; `label` describes it to screen readers, `style` is a CSS class of the page.
    init(width: Double, height: Double, label: String, style: String = "wide") {
        self.style = style
        self.width = width
        self.height = height
        self.label = label
    }

    /// The `<svg>` element.
    var svg: String {
        """
        <svg class="\(style)" viewBox="0 0 \(n(width)) \(n(height))" role="img" aria-label="\(Markup.escaped(label))">
        \(body)</svg>

        """
    }

    /// A line; `style` is a CSS class of the page.
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        body += "<line class=\"\(style)\" x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\"/>\n"
    }

    /// A rectangle with rounded corners; the tooltip is shown on hover.
    mutating func bar(
        _ x: Double, _ y: Double, width: Double, height: Double, style: String, tooltip: String
    ) {
        guard width > 0, height > 0 else { return }
        body += "<g><title>\(Markup.escaped(tooltip))</title>"
        body += "<rect class=\"\(style)\" x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" "
        body += "height=\"\(n(height))\" rx=\"2\"/></g>\n"
    }

    /// A cell of a heat map, whose colour is as strong as its share; the tooltip is shown on hover.
    mutating func cell(
        _ x: Double, _ y: Double, width: Double, height: Double, share: Double, tooltip: String
    ) {
        let strength = Markup.fixed(min(1, max(0, share)))
        body += "<g><title>\(Markup.escaped(tooltip))</title>"
        body +=
            "<rect class=\"track\" x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\"/>"
        body +=
            "<rect class=\"bar\" x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" "
        body += "fill-opacity=\"\(strength)\"/></g>\n"
    }

    /// A text; `anchor` is `start`, `middle` or `end`, `turned` rotates it by 90° counter-clockwise.
    mutating func text(
        _ x: Double, _ y: Double, _ text: String, anchor: String = "start", style: String = "label",
        turned: Bool = false
    ) {
        let turn = turned ? " transform=\"rotate(-90 \(n(x)) \(n(y)))\"" : ""
        body += "<text class=\"\(style)\" x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\"\(turn)>"
        body += "\(Markup.escaped(text))</text>\n"
    }

    /// A data point; the tooltip is shown on hover.
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

    /// A legend in one row at the top.
    mutating func legend(_ entries: [(name: String, mark: Mark, style: String)]) {
        var left = 96.0
        for (name, mark, style) in entries {
            self.mark(mark, left, 16, style: style, tooltip: name)
            text(left + 10, 20, name)
            left += 34 + 7.6 * Double(name.count)
        }
    }

    /// A horizontal axis with its name, and grid lines from `top` to `bottom`.
    mutating func horizontalAxis(
        _ scale: PlotScale, top: Double, bottom: Double, name: String, signed: Bool = false
    ) {
        for tick in scale.ticks {
            let x = scale.place(tick)
            line(x, top, x, bottom, "grid")
            text(x, bottom + 16, scale.label(tick, signed: signed), anchor: "middle", style: "tick")
        }
        text((scale.places.0 + scale.places.1) / 2, bottom + 36, name, anchor: "middle", style: "axis")
    }

    /// A vertical axis with its name, and grid lines from `left` to `right`.
    mutating func verticalAxis(
        _ scale: PlotScale, left: Double, right: Double, name: String, signed: Bool = false
    ) {
        for tick in scale.ticks {
            let y = scale.place(tick)
            line(left, y, right, y, "grid")
            text(left - 8, y + 4, scale.label(tick, signed: signed), anchor: "end", style: "tick")
        }
        text(
            left - 52, (scale.places.0 + scale.places.1) / 2, name, anchor: "middle", style: "axis",
            turned: true)
    }

    /// A coordinate in pixels, rounded to one decimal place.
    private func n(_ value: Double) -> String {
        let text = Markup.fixed(value, digits: 1).replacing("−", with: "-")
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

/// A linear scale from data values to pixel coordinates, with round ticks.
struct PlotScale: Sendable {
    /// The range of data values.
    let values: ClosedRange<Double>
    /// The coordinates of the range's ends; the first is the larger one on a vertical axis.
    let places: (Double, Double)
    /// Equidistant round values within the range.
    let ticks: [Double]

    /// A scale over the finite ones of some values, widened to round ends.
    ///
    /// - Parameters:
    ///   - places: the coordinates of the ends.
    ///   - count: the approximate number of ticks.
    init(_ values: [Double], places: (Double, Double), ticks count: Int) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        let step = Self.step(max(high - low, 1e-3) / Double(count))
        let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
        let end = last > first ? last : first + 1
        self.values = first * step...end * step
        self.places = places
        ticks = (0...Int(end - first)).map { (first + Double($0)) * step }
    }

    /// The coordinate of a value.
    func place(_ value: Double) -> Double {
        places.0 + (value - values.lowerBound) / (values.upperBound - values.lowerBound)
            * (places.1 - places.0)
    }

    /// A tick's value with the decimal places that distinguish it from the others.
    func label(_ tick: Double, signed: Bool) -> String {
        signed ? Markup.signed(tick, digits: digits) : Markup.fixed(tick, digits: digits)
    }

    /// The number of decimal places that distinguishes the ticks.
    var digits: Int {
        guard ticks.count > 1 else { return 2 }
        let step = ticks[1] - ticks[0]
        return step < 0.0099 ? 3 : step < 0.099 ? 2 : 1
    }

    /// The smallest of 1, 2 and 5 times a power of ten that is not below `size`.
    private static func step(_ size: Double) -> Double {
        var unit = 1e-6
        while unit * 10 <= size { unit *= 10 }
        return [1, 2, 5, 10].map { $0 * unit }.first { $0 >= size * 0.999 } ?? unit * 10
    }
}
