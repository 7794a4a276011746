internal import SgloradInterface

extension ReportPage {
    /// The maximum number of labels that keeps the map legible.
    private static let labelLimit = 24

    /// A scatter plot of experts and tasks over the first two principal components of their descriptions' embeddings.
    var mapSection: String {
        guard report.map.count > 2 else { return "" }
        return """
            <section>
            <h2>The map of experts and tasks</h2>
            <p>The embeddings of all descriptions in the plane of most variance: what lies together means the same. Point at \
            a mark for its name.</p>
            \(HTMLPage.wide(map, name: "Map of experts and tasks"))
            </section>

            """
    }

    private var map: String {
        let (top, bottom) = (38.0, 600.0)
        var drawing = Drawing(
            width: 1040, height: bottom + 46,
            label: "Map of experts and tasks by their descriptions' embeddings")
        let x = PlotScale(report.map.map(\.x), places: (90, 1010), ticks: 8)
        let y = PlotScale(report.map.map(\.y), places: (bottom, top), ticks: 7)
        drawing.horizontalAxis(x, top: top, bottom: bottom, name: "first principal component", signed: true)
        drawing.verticalAxis(y, left: 90, right: 1010, name: "second principal component", signed: true)
        drawing.legend(legend)
        let tasks = report.map.filter { $0.kind == "task" }
        let labelled =
            report.map.count <= Self.labelLimit ? report.map : tasks.count <= Self.labelLimit ? tasks : []
        for point in report.map.filter({ $0.kind != "task" }) + tasks {
            let isTask = point.kind == "task"
            let family = point.family.isEmpty ? "" : ", family \(point.family)"
            drawing.mark(
                isTask ? .diamond : .circle, x.place(point.x), y.place(point.y), size: isTask ? 5.5 : 4.5,
                style: colour(point.family), tooltip: "\(point.name) (\(point.kind)\(family))")
        }
        label(labelled.map { ($0.name, x.place($0.x), y.place($0.y)) }, &drawing)
        return drawing.svg
    }

    /// Places labels beside their marks from top to bottom, moving each down until it overlaps no earlier one.
    private func label(_ names: [(text: String, x: Double, y: Double)], _ drawing: inout Drawing) {
        var taken: [(left: Double, right: Double, y: Double)] = []
        for (text, x, y) in names.sorted(by: { ($0.y, $0.x) < ($1.y, $1.x) }) {
            let width = 6.4 * Double(text.count)
            let isRight = x < 860
            let left = isRight ? x + 10 : x - 10 - width
            var place = y
            while taken.contains(where: {
                abs($0.y - place) < 13 && $0.left < left + width && left < $0.right
            }) {
                place += 2
            }
            taken.append((left, left + width, place))
            if place - y > 8 { drawing.line(x, y, isRight ? x + 8 : x - 8, place, "zero") }
            drawing.text(
                isRight ? x + 10 : x - 10, place + 4, text, anchor: isRight ? "start" : "end", style: "small")
        }
    }

    private var legend: [(name: String, mark: Drawing.Mark, style: String)] {
        [("expert", .circle, "c5"), ("task", .diamond, "c5")]
            + families.prefix(5).map { ($0, .square, colour($0)) }
    }

    private var families: [String] { Set(report.map.map(\.family)).subtracting([""]).sorted() }

    /// The CSS class of a family: the first five families have their own colours, the others share one.
    private func colour(_ family: String) -> String {
        families.firstIndex(of: family).flatMap { $0 < 5 ? "c\($0)" : nil } ?? "c5"
    }
}
