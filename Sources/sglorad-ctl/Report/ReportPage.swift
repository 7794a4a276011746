internal import SgloradInterface

/// An evaluation's report as one self-contained HTML page: no script, no external style sheet, no external image.
///
/// Rendering is deterministic: the same report and moment give the same bytes. Every text of the report is escaped.
struct ReportPage: Sendable {
    let report: Wire.EvaluationReport
    /// When the page was written, as its footer says.
    let written: String

    init(_ report: Wire.EvaluationReport, written: String = HTMLPage.moment()) {
        self.report = report
        self.written = written
    }

    /// The whole document.
    var html: String {
        HTMLPage(
            title: title,
            summary:
                "Every strategy and baseline compared by recall on retrieval tasks, with 95 % confidence intervals.",
            content: """
                \(head)
                \(report.parts.map(part).joined())\(exampleSection)
                \(costSection)\(routingSection)\(mapSection)
                \(report.parts.map(taskSection).joined())
                \(methodSection)
                """,
            written: written
        ).html
    }

    private var title: String { "Evaluation of \(report.generator ?? "the library of \(report.base)")" }

    private var head: String {
        let facts: [(String, String)] = [
            ("base model", report.base), ("generator", report.generator ?? "none"),
            ("library", report.library),
            ("text encoder", report.encoder), ("seed", String(report.seed)),
            (
                "intervals",
                "95 %, percentiles of \(report.resamples) bootstrap resamples of tasks and, within each, its queries"
            ),
        ]
        let notes = report.notes.map { "<p class=\"note\">Note: \(Markup.escaped($0)).</p>\n" }.joined()
        return HTMLPage.facts(facts.map { ($0.0, $0.1) }) + notes
    }

    /// The section of one part (held-out or leave-out): its tables and plots.
    private func part(_ part: Wire.EvaluationPart) -> String {
        guard let all = part.groups.first else { return "" }
        return """
            <section>
            <h2>\(Self.heading(part))</h2>
            <p>\(all.tasks) tasks, \(all.queries) queries. \(Self.meaning(part))</p>
            \(methodTable(all))
            <p class="hint">Means over tasks, beneath them 95 % intervals. Differences are of recall@1, paired by task and \
            query: coloured where the interval leaves zero out.</p>
            <h3>Recall@1 of each method</h3>
            \(HTMLPage.wide(forest(all), name: "Recall@1 of each method"))
            <h3>Gain over the base model, by how near the nearest expert is</h3>
            \(HTMLPage.wide(scatter(part), name: "Gain over the base model"))
            \(familyTable(part))
            </section>

            """
    }

    static func heading(_ part: Wire.EvaluationPart) -> String {
        switch part.name {
        case "leave-out": "Leave-out: experts on their own tasks"
        case "closed-world": "Closed world: the experts of the library, decoded from examples"
        default: "Held-out tasks"
        }
    }

    private static func meaning(_ part: Wire.EvaluationPart) -> String {
        switch part.name {
        case "leave-out":
            "Each task is guided by what its expert's fold leaves of the library; generators are trained anew on that."
        case "closed-world":
            "Each task's own expert is in the library; icm-lora decodes an adapter from other texts of the task, oracle is the expert."
        default: "No expert was trained on these tasks; the whole library guides."
        }
    }
}
