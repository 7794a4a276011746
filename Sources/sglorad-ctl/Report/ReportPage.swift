internal import SgloradInterface

/// An evaluation's report as one self-contained HTML page: no script, no external style sheet, no external image.
///
/// Rendering is deterministic: the same report gives the same bytes. Every text of the report is escaped.
struct ReportPage: Sendable {
    let report: Wire.EvaluationReport

    init(_ report: Wire.EvaluationReport) { self.report = report }

    /// The whole document.
    var html: String {
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
            <figure>\(forest(all))</figure>
            <h3>Gain over the base model, by how near the nearest expert is</h3>
            <figure>\(scatter(part))</figure>
            \(familyTable(part))
            </section>

            """
    }

    static func heading(_ part: Wire.EvaluationPart) -> String {
        part.name == "leave-out" ? "Leave-out: experts on their own tasks" : "Held-out tasks"
    }

    private static func meaning(_ part: Wire.EvaluationPart) -> String {
        part.name == "leave-out"
            ? "Each task is guided by what its expert's fold leaves of the library; generators are trained anew on that."
            : "No expert was trained on these tasks; the whole library guides."
    }
}

extension ReportPage {
    /// The style sheet, with one palette for light and one for dark displays.
    static let style = """
        :root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --faint: #dfe3e9; --paper: #fff; --band: #f5f7fa;
          --c0: #0b5fb5; --c1: #c2374c; --c2: #17805a; --c3: #b06f0c; --c4: #7347b3; --c5: #5b6675; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3aebd; --faint: #333c49; --paper: #14181e;
          --band: #1c222b; --c0: #6fb3ff; --c1: #ff8b97; --c2: #63d3a5; --c3: #f2bb62; --c4: #bda2ff; --c5: #a3aebd; } }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.7rem; margin: 0 0 1rem; } h2 { font-size: 1.3rem; margin: 2.75rem 0 .5rem; }
        h3 { font-size: 1.02rem; margin: 1.9rem 0 .4rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: 0; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        .note { border-left: 3px solid var(--c3); padding-left: .75rem; color: var(--soft); overflow-wrap: anywhere; }
        .hint { color: var(--soft); font-size: .9em; margin: .2rem 0; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; white-space: nowrap; }
        th, td { padding: .26rem .7rem; text-align: right; border-bottom: 1px solid var(--faint); }
        th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--faint); }
        th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
        td small { display: block; color: var(--soft); font-size: .8em; font-weight: 400; line-height: 1.2; }
        td.text, th.text { text-align: left; }
        tr:hover td { background: var(--band); } td.best { font-weight: 700; }
        td.clear { color: var(--c2); font-weight: 600; } td.behind { color: var(--c1); }
        figure { margin: .3rem 0; } svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--ink); font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        svg text.tick { fill: var(--soft); font-size: 12px; } svg text.axis { fill: var(--soft); font-size: 13px; }
        svg text.small { fill: var(--ink); font-size: 11px;
          paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; } svg text.value { font-size: 12px; }
        .grid { stroke: var(--faint); stroke-width: 1; } .zero { stroke: var(--soft); stroke-width: 1.3; }
        .reference { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; }
        .tie { stroke: var(--faint); stroke-width: 1.5; } .span { stroke-width: 2.4; stroke-linecap: round; }
        .mark:hover { opacity: .5; } .trend { stroke-width: 1.6; opacity: .7; } .mark { stroke: var(--paper); stroke-width: 1; }
        .mark .stroke { fill: none; stroke: currentColor; stroke-width: 2; }
        \((0..<6).map { "svg .c\($0) { fill: var(--c\($0)); color: var(--c\($0)); } line.c\($0) { stroke: var(--c\($0)); }" }
            .joined(separator: "\n"))
        @media print { :root { color-scheme: light; } .scroll { overflow: visible; } }
        """
}
