internal import SgloradInterface

extension Report {
    /// What examples are worth in one part of an evaluation: a table, and one by family.
    mutating func examples(_ curve: Wire.ExampleCurve) {
        guard let all = curve.groups.first else { return }
        line(
            "examples, \(curve.part): \(Format.count(all.tasks, "task")), \(Format.count(all.queries, "query", "queries")); "
                + "base \(Format.fixed(all.base.mean))"
                + (all.trained.map { ", trained on the task \(Format.fixed($0))" } ?? ""))
        var table = Table([
            .right("EXAMPLES"), .left("KIND"), .right("RECALL@1"), .left("95 %"), .right("VS BASE"),
            .left("95 %"),
            .right("OF TRAINING"), .left("95 %"), .right("SECONDS"),
        ])
        for point in all.points {
            table.add(
                [
                    String(point.examples), ReportPage.meaning(ofExamples: point.kind),
                    Format.fixed(point.recallAt1.mean), Format.interval(point.recallAt1),
                    Format.signed(point.againstBase.mean), Format.interval(point.againstBase, signed: true),
                ] + Self.share(point.gained) + [Format.fixed(point.seconds)])
        }
        self.table(table, orIfEmpty: "")
        families(curve.groups.dropFirst())
    }

    private static func share(_ estimate: Wire.Estimate?) -> [String] {
        guard let estimate else { return ["", ""] }
        let ends = [estimate.lower, estimate.upper].map(Format.percent)
        return [Format.percent(estimate.mean), "[\(ends.joined(separator: ", "))]"]
    }

    /// Recall@1 with examples, with a column per family.
    private mutating func families(_ groups: ArraySlice<Wire.ExampleGroup>) {
        guard let first = groups.first else { return }
        space()
        var table = Table(
            [.right("EXAMPLES"), .left("RECALL@1 BY FAMILY")] + groups.map { .right($0.family ?? "") })
        table.add(["", "tasks"] + groups.map { String($0.tasks) })
        table.add(["", "base"] + groups.map { Format.fixed($0.base.mean) })
        for (place, point) in first.points.enumerated() {
            table.add(
                [String(point.examples), ReportPage.meaning(ofExamples: point.kind)]
                    + groups.map { group in
                        group.points.indices.contains(place)
                            ? Format.fixed(group.points[place].recallAt1.mean) : ""
                    })
        }
        self.table(table, orIfEmpty: "")
    }
}
