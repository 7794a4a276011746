internal import SgloradInterface

extension Report {
    /// An evaluation: a table per part, a table per family, and notes on what was not evaluated.
    mutating func evaluation(_ report: Wire.EvaluationReport) {
        fields([
            ("base", report.base), ("generator", report.generator ?? "none"), ("library", report.library),
            ("seed", String(report.seed)),
            ("judged by", report.judgedBy == "engine" ? "the answers of llama-server" : nil),
            ("intervals", "95 %, from \(report.resamples) bootstrap resamples of tasks and their queries"),
        ])
        for part in report.parts {
            space()
            self.part(part)
        }
        for curve in report.examples ?? [] {
            space()
            examples(curve)
        }
        if let costs = report.costs, !costs.isEmpty {
            space()
            self.costs(costs)
        }
        if let whole = report.routing?.first {
            space()
            routing(whole, families: report.routing?.dropFirst() ?? [])
        }
        if !report.notes.isEmpty { space() }
        for note in report.notes { line("Note: \(note).") }
    }

    private mutating func part(_ part: Wire.EvaluationPart) {
        guard let all = part.groups.first else { return }
        let meaning =
            switch part.name {
            case "leave-out": "the experts' own tasks, each without the experts of its fold"
            case "closed-world": "the experts' own tasks, with these experts in the library"
            default: "tasks that no expert was trained on, with the whole library"
            }
        line(
            "\(part.name): \(Format.count(all.tasks, "task")), \(Format.count(all.queries, "query", "queries")); "
                + "\(meaning)")
        var table = Table([
            .left("METHOD"), .right("RECALL@1"), .left("95 %"), .right("RECALL@5"), .right("MRR"),
            .right("VS WEIGHTED"), .left("95 %"), .right("VS BASE"), .left("95 %"),
        ])
        for method in all.methods {
            table.add(
                [
                    method.method, Format.fixed(method.recallAt1.mean), Format.interval(method.recallAt1),
                    Format.fixed(method.recallAt5.mean), Format.fixed(method.meanReciprocalRank.mean),
                ] + Self.difference(method.againstWeighted) + Self.difference(method.againstBase))
        }
        self.table(table, orIfEmpty: "No method has results for every task.")
        families(part.groups.dropFirst())
    }

    /// What an adapter costs by each method.
    private mutating func costs(_ costs: [Wire.MethodCost]) {
        line("cost of one adapter: from the description's embedding to its parameters, on one thread")
        var table = Table([.left("METHOD"), .right("MILLISECONDS"), .right("GENERATOR")])
        for cost in costs {
            table.add([
                cost.method, Format.fixed(cost.milliseconds, digits: 2),
                cost.generatorBytes.map(Format.bytes) ?? "",
            ])
        }
        self.table(table, orIfEmpty: "")
    }

    private static func difference(_ estimate: Wire.Estimate?) -> [String] {
        guard let estimate else { return ["", ""] }
        return [Format.signed(estimate.mean), Format.interval(estimate, signed: true)]
    }

    /// Recall@1 of each method, with a column per family.
    private mutating func families(_ groups: ArraySlice<Wire.EvaluationGroup>) {
        guard let first = groups.first else { return }
        space()
        var table = Table([.left("RECALL@1 BY FAMILY")] + groups.map { .right($0.family ?? "") })
        table.add(["tasks"] + groups.map { String($0.tasks) })
        for method in first.methods.map(\.method) {
            table.add(
                [method]
                    + groups.map { group in
                        let own = group.methods.first { $0.method == method }
                        return own.map { Format.fixed($0.recallAt1.mean) } ?? ""
                    })
        }
        self.table(table, orIfEmpty: "")
    }
}

extension Format {
    /// An interval such as `[0.461, 0.571]`, with signs if it is that of a difference.
    static func interval(_ estimate: Wire.Estimate, signed: Bool = false) -> String {
        let ends = [estimate.lower, estimate.upper].map { signed ? Self.signed($0) : fixed($0) }
        return "[\(ends.joined(separator: ", "))]"
    }

    /// A difference with three decimal places and its sign, which is omitted if it rounds to zero.
    static func signed(_ value: Double) -> String {
        let text = fixed(abs(value))
        return fixed(0) == text ? text : (value < 0 ? "-" : "+") + text
    }
}
