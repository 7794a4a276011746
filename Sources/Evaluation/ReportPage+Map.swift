extension ReportPage {
    /// How many names a map can show and stay legible.
    private static let labelLimit = 24

    /// Experts and tasks in the plane of their descriptions' first two principal components.
    var mapSection: String {
        guard report.map.count > 2 else { return "" }
        return """
            <section>
            <h2>The map of experts and tasks</h2>
            <p>The embeddings of all descriptions in the plane of most variance: what lies together means the same. Point at \
            a mark for its name.</p>
            <figure>\(map)</figure>
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
        for point in labelled {
            let right = x.place(point.x) < 860
            drawing.text(
                x.place(point.x) + (right ? 10 : -10), y.place(point.y) + 4, point.name,
                anchor: right ? "start" : "end",
                style: "small")
        }
        return drawing.svg
    }

    private var legend: [(name: String, mark: Drawing.Mark, style: String)] {
        [("expert", .circle, "c5"), ("task", .diamond, "c5")]
            + families.prefix(5).map { ($0, .square, colour($0)) }
    }

    private var families: [String] { Set(report.map.map(\.family)).subtracting([""]).sorted() }

    /// Five families have colours of their own.
    private func colour(_ family: String) -> String {
        families.firstIndex(of: family).flatMap { $0 < 5 ? "c\($0)" : nil } ?? "c5"
    }
}
