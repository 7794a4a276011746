internal import SgloradInterface

extension ReportPage {
    /// The section of what examples are worth; empty if the report has no curves.
    var exampleSection: String {
        (report.examples ?? []).compactMap { curve in
            guard let all = curve.groups.first else { return nil }
            return """
                <section>
                <h2>What examples are worth, \(Markup.escaped(curve.part))</h2>
                <p>\(all.tasks) tasks, \(all.queries) queries. Each point is a request with so many examples of the task: texts \
                alone guide it, or choose the experts that are merged, and answers refine it as well. The control has the answered examples of \
                another task. What icm-lora decodes is not refined.</p>
                \(HTMLPage.wide(exampleChart(all), name: "Recall@1 by the number of examples"))
                \(exampleTable(all))
                <p class="hint">Means over tasks, beneath them 95 % intervals. “of training” is the share of what an adapter \
                trained on the task gains over the base model. Seconds are those of this machine, and differ from run to run.</p>
                \(exampleFamilies(curve))
                \(exampleTasks(curve, all))
                </section>

                """
        }.joined()
    }

    /// A line chart: recall@1 by the number of examples, with and without answers.
    private func exampleChart(_ group: Wire.ExampleGroup) -> String {
        let (top, bottom) = (38.0, 360.0)
        var drawing = Drawing(
            width: 1040, height: bottom + 46, label: "Recall@1 by the number of examples, with 95 % intervals"
        )
        let recalls = group.points.flatMap { [$0.recallAt1.lower, $0.recallAt1.upper] }
        let x = PlotScale(
            [0] + group.points.map { Double($0.examples) }, places: (90, 900), ticks: 8)
        let y = PlotScale(
            recalls + [group.base.mean, group.trained ?? group.base.mean], places: (bottom, top), ticks: 7)
        drawing.horizontalAxis(x, top: top, bottom: bottom, name: "examples of each task")
        drawing.verticalAxis(y, left: 90, right: 900, name: "recall@1, mean over tasks")
        let known: [(String, Double?)] = [("base", group.base.mean), ("trained", group.trained)]
        for (name, value) in known {
            guard let value else { continue }
            drawing.line(90, y.place(value), 900, y.place(value), "reference")
            drawing.text(908, y.place(value) + 4, "\(name) \(Markup.fixed(value))", style: "small")
        }
        var legend: [(name: String, mark: Drawing.Mark, style: String)] = [
            ("with answers", .circle, "c0"), ("texts alone", .square, "c3"),
            ("texts alone, merged", .diamond, "c2"), ("another task's", .cross, "c1"),
        ]
        if group.points.contains(where: { $0.kind.hasPrefix("icm-lora") }) {
            legend.append(("icm-lora", .circle, "c4"))
            legend.append(("its controls", .cross, "c4"))
        }
        drawing.legend(legend)
        for (kind, mark, colour, shift) in [
            ("without", Drawing.Mark.square, "c3", 3.0), ("with", .circle, "c0", -3),
            ("merged", .diamond, "c2", 6), ("another", .cross, "c1", 0),
            ("icm-lora-texts", .square, "c4", 9), ("icm-lora", .circle, "c4", 12),
            ("icm-lora-another", .cross, "c4", 15), ("icm-lora-shuffled", .cross, "c4", 18),
            ("icm-lora-no-latent", .cross, "c4", 21),
        ] {
            // Without any example, answered or not is the same.
            let start = kind == "with" ? group.points.filter { $0.examples == 0 } : []
            let line = start + group.points.filter { $0.kind == kind }
            for (one, next) in zip(line, line.dropFirst()) {
                drawing.line(
                    x.place(Double(one.examples)), y.place(one.recallAt1.mean),
                    x.place(Double(next.examples)), y.place(next.recallAt1.mean), "trend \(colour)")
            }
            for point in line.dropFirst(start.count) {
                // Beside each other, so that intervals of one number of examples do not cover each other.
                let place = x.place(Double(point.examples)) + shift
                drawing.line(
                    place, y.place(point.recallAt1.lower), place, y.place(point.recallAt1.upper),
                    "span \(colour)")
                drawing.mark(
                    mark, place, y.place(point.recallAt1.mean), style: colour,
                    tooltip: "\(point.examples) examples, \(Self.meaning(ofExamples: kind)): "
                        + "\(Markup.fixed(point.recallAt1.mean)), 95 % \(Markup.interval(point.recallAt1))")
            }
        }
        return drawing.svg
    }

    private func exampleTable(_ group: Wire.ExampleGroup) -> String {
        var table = PageTable(
            "Recall@1 by the number of examples",
            ["examples", "recall@1", "vs base", "of training", "seconds"].map { ($0, .number) })
        for point in group.points {
            let share = point.gained.map {
                "<td>\(Self.percent($0.mean))<small>\(Self.percent($0.lower)) to \(Self.percent($0.upper))</small></td>"
            }
            table.add(
                heading: "\(point.examples) \(Self.meaning(ofExamples: point.kind))",
                "<td>\(Markup.fixed(point.recallAt1.mean))<small>\(Markup.interval(point.recallAt1))</small></td>"
                    + "<td>\(Markup.signed(point.againstBase.mean))"
                    + "<small>\(Markup.interval(point.againstBase, signed: true))</small></td>"
                    + "\(share ?? "<td></td>")<td>\(Markup.fixed(point.seconds, digits: 2))</td>")
        }
        return table.html
    }

    /// Recall@1 by family; empty where there is a single one.
    private func exampleFamilies(_ curve: Wire.ExampleCurve) -> String {
        let families = curve.groups.dropFirst()
        guard let first = families.first else { return "" }
        var table = PageTable(
            "Recall@1 by family and number of examples, with the share of what training gains",
            [("examples", .number)] + families.map { ("\($0.family ?? "") (\($0.tasks))", .number) })
        table.add(
            heading: "base", families.map { "<td>\(Markup.fixed($0.base.mean))</td>" }.joined())
        for (place, point) in first.points.enumerated() {
            let cells = families.map { group -> String in
                guard group.points.indices.contains(place) else { return "<td></td>" }
                let own = group.points[place]
                let share = own.gained.map { "<small>\(Self.percent($0.mean))</small>" } ?? ""
                return "<td>\(Markup.fixed(own.recallAt1.mean))\(share)</td>"
            }
            table.add(heading: "\(point.examples) \(Self.meaning(ofExamples: point.kind))", cells.joined())
        }
        return "<h3>By family</h3>" + table.html
    }

    private func exampleTasks(_ curve: Wire.ExampleCurve, _ group: Wire.ExampleGroup) -> String {
        var table = PageTable(
            "Recall@1 of each task by the number of examples",
            [("task", .text), ("base", .number), ("trained", .number)]
                + group.points.map { ("\($0.examples) \(Self.meaning(ofExamples: $0.kind))", .number) })
        for task in curve.tasks {
            let values: [Double?] = [task.base, task.trained] + task.recallAt1.map(Optional.some)
            let cells = values.map { value in "<td>\(value.map { Markup.fixed($0) } ?? "–")</td>" }
            table.add(heading: task.name, cells.joined())
        }
        return "<h3>By task</h3>" + table.html
    }

    /// What the examples of a kind are, in words; an unknown kind as it is.
    static func meaning(ofExamples kind: String) -> String {
        switch kind {
        case "without": "texts alone"
        case "with": "with answers"
        case "merged": "texts alone, merged"
        case "another": "of another task"
        case "icm-lora-texts": "texts alone, icm-lora"
        case "icm-lora": "with answers, icm-lora"
        case "icm-lora-another": "of another task, icm-lora"
        case "icm-lora-shuffled": "with answers, icm-lora shuffled"
        case "icm-lora-no-latent": "with answers, icm-lora without a latent"
        default: kind
        }
    }

    private static func percent(_ share: Double) -> String { "\(Markup.fixed(100 * share, digits: 0)) %" }
}
