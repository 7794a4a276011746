internal import SgloradInterface

extension ReportPage {
    /// A forest plot: each method's recall@1 with its confidence interval, and its paired difference from `weighted`.
    func forest(_ group: Wire.EvaluationGroup) -> String {
        let row = 25.0
        let (top, bottom) = (58.0, 64 + row * Double(group.methods.count))
        var drawing = Drawing(
            width: 1040, height: bottom + 46, label: "Recall@1 of each method with 95 % intervals")
        drawing.legend([
            ("reference", .circle, "c5"), ("merging", .circle, "c3"), ("SG-LoRA", .circle, "c0"),
            ("control", .circle, "c1"),
        ])
        let recalls = PlotScale(
            group.methods.flatMap { [$0.recallAt1.lower, $0.recallAt1.upper] }, places: (150, 520), ticks: 5)
        // The oracle is an outlier: leaving it out of the scale keeps the other differences readable.
        let others = group.methods.filter { $0.method != ComparedMethod.oracle.rawValue }
        let differences = PlotScale(
            others.compactMap(\.againstWeighted).flatMap { [$0.lower, $0.upper] } + [0],
            places: (610, 980),
            ticks: 5)
        drawing.horizontalAxis(recalls, top: top, bottom: bottom, name: "recall@1, mean over tasks")
        drawing.horizontalAxis(
            differences, top: top, bottom: bottom,
            name: "recall@1 less that of weighted, paired by task and query",
            signed: true)
        drawing.line(differences.place(0), top, differences.place(0), bottom, "zero")
        for name in ["base", "weighted"] {
            guard let method = group.methods.first(where: { $0.method == name }) else { continue }
            let x = recalls.place(method.recallAt1.mean)
            drawing.line(x, top, x, bottom, "reference")
            let anchor = name == "base" ? "end" : "start"
            drawing.text(x + (name == "base" ? -3 : 3), top - 6, name, anchor: anchor, style: "small")
        }
        for (place, method) in group.methods.enumerated() {
            let y = top + 18 + row * Double(place)
            let colour = ComparedMethod.colour(of: method.method)
            drawing.text(140, y + 4, method.method, anchor: "end")
            estimate(method.recallAt1, method.method, recalls, y, colour, signed: false, &drawing)
            drawing.text(528, y + 4, Markup.fixed(method.recallAt1.mean), style: "value")
            guard let difference = method.againstWeighted else { continue }
            guard differences.values.contains(difference.lower), differences.values.contains(difference.upper)
            else {
                let isAbove = difference.mean > differences.values.upperBound
                drawing.text(
                    differences.place(
                        isAbove ? differences.values.upperBound : differences.values.lowerBound), y + 4,
                    isAbove ? "beyond →" : "← beyond", anchor: isAbove ? "end" : "start", style: "small")
                drawing.text(988, y + 4, Markup.signed(difference.mean), style: "value")
                continue
            }
            estimate(difference, method.method, differences, y, colour, signed: true, &drawing)
            drawing.text(988, y + 4, Markup.signed(difference.mean), style: "value")
        }
        return drawing.svg
    }

    private func estimate(
        _ value: Wire.Estimate, _ name: String, _ scale: PlotScale, _ y: Double, _ colour: String,
        signed: Bool, _ drawing: inout Drawing
    ) {
        let mean = signed ? Markup.signed(value.mean) : Markup.fixed(value.mean)
        drawing.line(scale.place(value.lower), y, scale.place(value.upper), y, "span \(colour)")
        drawing.mark(
            .circle, scale.place(value.mean), y, style: colour,
            tooltip: "\(name): \(mean), 95 % \(Markup.interval(value, signed: signed))")
    }

    /// A scatter plot of each task's gain over the base model against the proximity of its nearest expert.
    func scatter(_ part: Wire.EvaluationPart) -> String {
        let shown = plotted(part)
        let gains = part.tasks.map { task in self.gains(task, of: shown.map(\.method)) }
        let (top, bottom) = (38.0, 400.0)
        var drawing = Drawing(
            width: 1040, height: bottom + 46,
            label: "Gain in recall@1 over the base model against proximity of the nearest expert")
        let x = PlotScale(part.tasks.map(\.proximity), places: (90, 1010), ticks: 8)
        let y = PlotScale(gains.flatMap { $0.compactMap(\.self) } + [0], places: (bottom, top), ticks: 7)
        drawing.horizontalAxis(
            x, top: top, bottom: bottom, name: "proximity of the nearest expert (cosine of the descriptions)")
        drawing.verticalAxis(y, left: 90, right: 1010, name: "gain in recall@1 over base", signed: true)
        drawing.line(90, y.place(0), 1010, y.place(0), "zero")
        drawing.legend(shown.map { ($0.method, $0.mark, $0.colour) })
        for (place, method) in shown.enumerated() {
            let points = zip(part.tasks, gains).compactMap { task, gains in
                gains[place].map { (x: task.proximity, y: $0) }
            }
            guard let trend = Self.trend(points) else { continue }
            let ends = (points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 0)
            drawing.line(
                x.place(ends.0), y.place(trend(ends.0)), x.place(ends.1), y.place(trend(ends.1)),
                "trend \(method.colour)")
        }
        for (task, gains) in zip(part.tasks, gains) {
            let place = x.place(task.proximity)
            let known = gains.compactMap(\.self)
            if let low = known.min(), let high = known.max() {
                drawing.line(place, y.place(low), place, y.place(high), "tie")
            }
            for ((method, mark, colour), gain) in zip(shown, gains) {
                guard let gain else { continue }
                drawing.mark(
                    mark, place, y.place(gain), style: colour,
                    tooltip:
                        "\(task.name): \(method) \(Markup.signed(gain)) over base; nearest \(task.nearest), "
                        + "proximity \(Markup.fixed(task.proximity))")
            }
        }
        return drawing.svg
    }

    /// The methods shown in the scatter plot (at most four, to keep it legible), with mark and colour.
    private func plotted(_ part: Wire.EvaluationPart) -> [(
        method: String, mark: Drawing.Mark, colour: String
    )] {
        let names =
            part.groups.first?.methods.map(\.method).filter { $0 != ComparedMethod.base.rawValue } ?? []
        let wanted = [ComparedMethod.weighted, .sgLoRA, .sgLoRANonsense].map(\.rawValue)
        let chosen = wanted.filter(names.contains)
        let colours = ["c3", "c0", "c1", "c2"]
        return (chosen.isEmpty ? Array(names.prefix(4)) : chosen).enumerated().map { place, name in
            (name, Drawing.Mark.allCases[place], colours[place])
        }
    }

    /// The least-squares line; nil for fewer than three points or where x does not vary.
    private static func trend(_ points: [(x: Double, y: Double)]) -> ((Double) -> Double)? {
        let count = Double(points.count)
        let (x, y) = (points.reduce(0) { $0 + $1.x } / count, points.reduce(0) { $0 + $1.y } / count)
        let spread = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
        guard points.count > 2, spread > 1e-9 else { return nil }
        let slope = points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread
        return { y + slope * ($0 - x) }
    }

    /// Recall@1 minus that of the base model, per method; nil where either figure is missing.
    private func gains(_ task: Wire.EvaluatedTask, of methods: [String]) -> [Double?] {
        func recall(_ method: String) -> Double? { task.figures.first { $0.method == method }?.recallAt1 }
        guard let base = recall(ComparedMethod.base.rawValue) else { return methods.map { _ in nil } }
        return methods.map { method in recall(method).map { $0 - base } }
    }
}
