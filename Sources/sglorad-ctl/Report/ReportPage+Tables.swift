internal import SgloradInterface

extension ReportPage {
    /// The table of all methods with 95 % confidence intervals and paired differences.
    func methodTable(_ group: Wire.EvaluationGroup) -> String {
        var table = PageTable(
            "Means over tasks with 95 % intervals",
            ["method", "recall@1", "vs weighted", "vs base", "recall@5", "MRR"].map { ($0, .number) })
        let best = group.methods.filter { $0.method != ComparedMethod.oracle.rawValue }.map(\.recallAt1.mean)
            .max()
        for method in group.methods {
            table.add(
                heading: method.method, tooltip: ComparedMethod(rawValue: method.method)?.summary ?? "",
                cell(method.recallAt1, isBest: method.recallAt1.mean == best)
                    + difference(method.againstWeighted) + difference(method.againstBase)
                    + cell(method.recallAt5) + cell(method.meanReciprocalRank))
        }
        return table.html
    }

    /// A mean with its confidence interval below it.
    private func cell(_ estimate: Wire.Estimate, isBest: Bool = false) -> String {
        "<td\(isBest ? " class=\"best\"" : "")>\(Markup.fixed(estimate.mean))"
            + "<small>\(Markup.interval(estimate))</small></td>"
    }

    /// A paired difference, coloured where its confidence interval excludes zero.
    private func difference(_ estimate: Wire.Estimate?) -> String {
        guard let estimate else { return "<td></td>" }
        let style = estimate.lower > 0 ? "clear" : estimate.upper < 0 ? "behind" : ""
        return "<td class=\"\(style)\">\(Markup.signed(estimate.mean))"
            + "<small>\(Markup.interval(estimate, signed: true))</small></td>"
    }

    /// Recall@1 by task family; empty where the part has a single family.
    func familyTable(_ part: Wire.EvaluationPart) -> String {
        let families = part.groups.dropFirst()
        guard let first = families.first else { return "" }
        var table = PageTable(
            "Recall@1 by family, with the number of tasks",
            [("method", .number)] + families.map { ("\($0.family ?? "") (\($0.tasks))", .number) })
        for method in first.methods {
            let cells = families.map { group in
                let found = group.methods.first { $0.method == method.method }
                return found.map {
                    "<td title=\"\(Markup.interval($0.recallAt1))\">\(Markup.fixed($0.recallAt1.mean))</td>"
                }
                    ?? "<td></td>"
            }
            table.add(heading: method.method, cells.joined())
        }
        return "<h3>Recall@1 by family</h3>" + table.html
    }

    /// What one adapter costs by each method; empty unless it was measured.
    var costSection: String {
        guard let costs = report.costs, !costs.isEmpty else { return "" }
        var table = PageTable(
            "Time and generator of one adapter by each method",
            ["method", "milliseconds", "generator"].map { ($0, .number) })
        for cost in costs {
            table.add(
                heading: cost.method, tooltip: ComparedMethod(rawValue: cost.method)?.summary ?? "",
                "<td>\(Markup.fixed(cost.milliseconds, digits: 2))</td>"
                    + "<td>\(cost.generatorBytes.map(Format.bytes) ?? "")</td>")
        }
        return """
            <section>
            <h2>What an adapter costs</h2>
            <p>The median time from the description's embedding to the adapter's parameters, on one thread of this machine, and the \
            size of the generator's file, which the daemon maps meanwhile. Times differ from run to run.</p>
            \(table.html)
            </section>

            """
    }

    /// The table of every task with every method's recall@1.
    func taskSection(_ part: Wire.EvaluationPart) -> String {
        let methods = part.groups.first?.methods.map(\.method) ?? []
        var table = PageTable(
            "Recall@1 of each method on each task; the best but the oracle in bold",
            [
                ("task", .text), ("queries", .number), ("pool", .number), ("nearest expert", .text),
                ("proximity", .number),
            ] + methods.map { ($0, .number) })
        for task in part.tasks {
            let own = task.figures.filter { methods.contains($0.method) }
            let best = own.filter { $0.method != ComparedMethod.oracle.rawValue }.map(\.recallAt1).max()
            let cells = own.map { figures in
                let title =
                    "\(figures.method): recall@5 \(Markup.fixed(figures.recallAt5)), MRR \(Markup.fixed(figures.meanReciprocalRank))"
                let style = figures.recallAt1 == best ? " class=\"best\"" : ""
                return
                    "<td\(style) title=\"\(Markup.escaped(title))\">\(Markup.fixed(figures.recallAt1))</td>"
            }
            table.add(
                heading: task.name, tooltip: task.description,
                "<td>\(task.queries)</td><td>\(task.pool)</td><td class=\"text\">\(Markup.escaped(task.nearest))</td>"
                    + "<td>\(Markup.fixed(task.proximity))</td>\(cells.joined())")
        }
        return """
            <section><h2>Every task, \(Markup.escaped(part.name))</h2>
            <p>Point at a task for its description.</p>
            \(table.html)</section>

            """
    }

    /// The glossary of the methods that occur in the report.
    var methodSection: String {
        let names = Set(report.parts.flatMap { $0.groups.flatMap { $0.methods.map(\.method) } })
        let items = ComparedMethod.allCases.filter { names.contains($0.rawValue) }.map {
            "<dt>\(Markup.escaped($0.rawValue))</dt><dd>\(Markup.escaped($0.summary))</dd>"
        }
        return "<section><h2>The methods</h2><dl>\(items.joined())</dl></section>"
    }
}
