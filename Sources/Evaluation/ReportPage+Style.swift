extension ReportPage {
    /// The style: two sets of colours, for light and for dark.
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
