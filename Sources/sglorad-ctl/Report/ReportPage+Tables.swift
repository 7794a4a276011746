internal import SgloradInterface

extension ReportPage {
    /// The table of all methods with 95 % confidence intervals and paired differences.
    func methodTable(_ group: Wire.EvaluationGroup) -> String {
        let head = ["method", "recall@1", "vs weighted", "vs base", "recall@5", "MRR"]
        let best = group.methods.filter { $0.method != ComparedMethod.oracle.rawValue }.map(\.recallAt1.mean)
            .max()
        let rows = group.methods.map { method in
            let summary = ComparedMethod(rawValue: method.method)?.summary ?? ""
            return "<tr><td title=\"\(Markup.escaped(summary))\">\(Markup.escaped(method.method))</td>"
                + cell(method.recallAt1, isBest: method.recallAt1.mean == best)
                + difference(method.againstWeighted) + difference(method.againstBase) + cell(method.recallAt5)
                + cell(method.meanReciprocalRank) + "</tr>"
        }
        return table(head, rows)
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
        let rows = first.methods.map { method in
            let cells = families.map { group in
                let found = group.methods.first { $0.method == method.method }
                return found.map {
                    "<td title=\"\(Markup.interval($0.recallAt1))\">\(Markup.fixed($0.recallAt1.mean))</td>"
                }
                    ?? "<td></td>"
            }
            return "<tr><td>\(Markup.escaped(method.method))</td>\(cells.joined())</tr>"
        }
        let head = ["method"] + families.map { "\($0.family ?? "") (\($0.tasks))" }
        return "<h3>Recall@1 by family (tasks)</h3>" + table(head, rows)
    }

    /// The title of the only column after the first that holds text.
    private static let nearestTitle = "nearest expert"

    /// The table of every task with every method's recall@1.
    func taskSection(_ part: Wire.EvaluationPart) -> String {
        let methods = part.groups.first?.methods.map(\.method) ?? []
        let rows = part.tasks.map { task in
            let own = task.figures.filter { methods.contains($0.method) }
            let best = own.filter { $0.method != ComparedMethod.oracle.rawValue }.map(\.recallAt1).max()
            let cells = own.map { figures in
                let title =
                    "\(figures.method): recall@5 \(Markup.fixed(figures.recallAt5)), MRR \(Markup.fixed(figures.meanReciprocalRank))"
                let style = figures.recallAt1 == best ? " class=\"best\"" : ""
                return
                    "<td\(style) title=\"\(Markup.escaped(title))\">\(Markup.fixed(figures.recallAt1))</td>"
            }
            return "<tr><td title=\"\(Markup.escaped(task.description))\">\(Markup.escaped(task.name))</td>"
                + "<td>\(task.queries)</td><td>\(task.pool)</td><td class=\"text\">\(Markup.escaped(task.nearest))</td>"
                + "<td>\(Markup.fixed(task.proximity))</td>\(cells.joined())</tr>"
        }
        let head = ["task", "queries", "pool", Self.nearestTitle, "proximity"] + methods
        return """
            <section><h2>Every task, \(Markup.escaped(part.name))</h2>
            <p>Recall@1; the best method but the oracle in bold. Point at a task for its description.</p>
            \(table(head, rows))</section>

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

    private func table(_ head: [String], _ rows: [String]) -> String {
        let titles = head.map { title in
            "<th\(title == Self.nearestTitle ? " class=\"text\"" : "")>\(Markup.escaped(title))</th>"
        }.joined()
        return """
            <div class="scroll"><table><thead><tr>\(titles)</tr></thead><tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></div>

            """
    }
}
