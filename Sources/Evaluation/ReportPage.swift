/// A report as one page of HTML that needs nothing else: no script, no style sheet, no image from elsewhere.
public struct ReportPage: Sendable {
    let report: EvaluationReport

    /// Prepares the page of a report.
    public init(_ report: EvaluationReport) {
        self.report = report
    }

    /// The page; the same report gives the same bytes.
    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(Markup.escaped(title))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <main>
        \(head)
        \(report.parts.map(part).joined())
        \(mapSection)
        \(report.parts.map(taskSection).joined())
        \(methodSection)
        </main>
        </body>
        </html>

        """
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
        let rows = facts.map { "<dt>\($0.0)</dt><dd>\(Markup.escaped($0.1))</dd>" }.joined()
        let notes = report.notes.map { "<p class=\"note\">Note: \(Markup.escaped($0)).</p>\n" }.joined()
        return "<h1>\(Markup.escaped(title))</h1>\n<dl>\(rows)</dl>\n\(notes)"
    }

    /// The tables and plots of one part.
    private func part(_ part: EvaluationReport.Part) -> String {
        guard let all = part.groups.first else { return "" }
        return """
            <section>
            <h2>\(Self.heading(part))</h2>
            <p>\(all.tasks) tasks, \(all.queries) queries. \(Self.meaning(part))</p>
            \(methodTable(all))
            <p class="hint">Means over tasks, beneath them 95 % intervals. Differences are of recall@1, paired by task and \
            query: coloured where the interval leaves zero out.</p>
            <h3>Recall@1 of each method</h3>
            <figure>\(forest(all))</figure>
            <h3>Gain over the base model, by how near the nearest expert is</h3>
            <figure>\(scatter(part))</figure>
            \(familyTable(part))
            </section>

            """
    }

    static func heading(_ part: EvaluationReport.Part) -> String {
        part.name == "leave-out" ? "Leave-out: experts on their own tasks" : "Held-out tasks"
    }

    private static func meaning(_ part: EvaluationReport.Part) -> String {
        part.name == "leave-out"
            ? "Each task is guided by what its expert's fold leaves of the library; generators are trained anew on that."
            : "No expert was trained on these tasks; the whole library guides."
    }

    /// The colour of a method: what kind of method it is.
    static func colour(_ method: String) -> String {
        switch StandardMethod(rawValue: method) {
        case .sgLoRA, .sgLoRAMean, .sgLoRADensest, .auto: "c0"
        case .mean, .nearest, .equal, .weighted, .weightedTuned, .sum: "c3"
        case .deterministic, .sgLoRANonsense: "c1"
        default: "c5"
        }
    }
}
