/// The style sheet of all pages: one palette for light and one for dark displays, and the light one for paper.
enum PageStyle {
    static let sheet = """
        :root { color-scheme: light dark; --ink: #1d2430; --soft: #566170; --faint: #dfe3e9; --paper: #fff; --band: #f4f6f9;
          --c0: #0b5fb5; --c1: #c2374c; --c2: #13744f; --c3: #925a06; --c4: #7347b3; --c5: #566170; }
        @media screen and (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a9b4c2; --faint: #333c49;
          --paper: #14181e; --band: #1c222b; --c0: #6fb3ff; --c1: #ff8b97; --c2: #63d3a5; --c3: #f2bb62; --c4: #bda2ff;
          --c5: #a9b4c2; } }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        main, footer { max-width: 1080px; margin: 0 auto; padding: 2rem 1.25rem 1rem; }
        footer { padding-top: 0; padding-bottom: 2.5rem; } footer p { border-top: 1px solid var(--faint);
          padding-top: .9rem; margin: 2rem 0 0; color: var(--soft); font-size: .87em; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.3rem; margin: 2.75rem 0 .5rem; overflow-wrap: anywhere; }
        h3 { font-size: 1.02rem; margin: 1.9rem 0 .4rem; overflow-wrap: anywhere; }
        .lead { color: var(--soft); margin: 0 0 1.3rem; }
        dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .15rem 1.2rem; margin: 0; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        .note { border-left: 3px solid var(--c3); padding: .1rem 0 .1rem .75rem; overflow-wrap: anywhere; }
        .note b { display: block; }
        .hint { color: var(--soft); font-size: .9em; margin: .3rem 0; }
        .tiles { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: .7rem;
          margin: 1.6rem 0 0; padding: 0; }
        .tiles li { background: var(--band); border: 1px solid var(--faint); border-radius: 8px; padding: .7rem .9rem; }
        .tiles b { display: block; font-size: 1.55rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tiles span, .tiles small { display: block; color: var(--soft); } .tiles small { font-size: .85em; }
        .charts { columns: 3 18rem; column-gap: 2.2rem; } .charts h3 { padding-top: 1rem; }
        .charts section { break-inside: avoid; padding-bottom: .6rem; } .charts h3 { margin-top: 0; }
        .scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; white-space: nowrap; }
        caption { text-align: left; color: var(--soft); padding: .2rem 0 .45rem; white-space: normal; }
        th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--faint); vertical-align: top; }
        thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--faint); vertical-align: bottom; }
        tbody th { font-weight: 500; text-align: left; white-space: normal; min-width: 7.5rem; max-width: 20rem;
          overflow-wrap: anywhere; }
        tr > th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); padding-left: 0; }
        td small { display: block; color: var(--soft); font-size: .8em; font-weight: 400; line-height: 1.2; }
        td.text, th.text { text-align: left; }
        td.text { white-space: normal; min-width: 6.5rem; max-width: 24rem; overflow-wrap: anywhere; }
        tr > th.short, td.text.short { white-space: nowrap; min-width: 0; }
        tbody tr:hover > * { background: var(--band); } td.best { font-weight: 700; }
        td.clear { color: var(--c2); font-weight: 600; } td.behind { color: var(--c1); }
        figure { margin: .3rem 0; } svg { width: 100%; height: auto; display: block; } svg.wide { min-width: 47rem; }
        svg.chart { max-width: 30rem; }
        svg text { fill: var(--ink); font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        svg text.tick { fill: var(--soft); font-size: 12px; } svg text.axis { fill: var(--soft); font-size: 13px; }
        svg.chart text.tick { font-size: 10.5px; }
        svg text.small { fill: var(--ink); font-size: 11px;
          paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; } svg text.value { font-size: 12px; }
        .track { fill: var(--faint); opacity: .55; } .bar { fill: var(--c0); }
        .grid { stroke: var(--faint); stroke-width: 1; } .zero { stroke: var(--soft); stroke-width: 1.3; }
        .reference { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 4; }
        .tie { stroke: var(--faint); stroke-width: 1.5; } .span { stroke-width: 2.4; stroke-linecap: round; }
        .mark:hover { opacity: .5; } .trend { stroke-width: 1.6; opacity: .7; } .mark { stroke: var(--paper); stroke-width: 1; }
        .mark .stroke { fill: none; stroke: currentColor; stroke-width: 2; }
        \((0..<6).map { "svg .c\($0) { fill: var(--c\($0)); color: var(--c\($0)); } line.c\($0) { stroke: var(--c\($0)); }" }
            .joined(separator: "\n"))
        @media (max-width: 34rem) { main, footer { padding-left: 1rem; padding-right: 1rem; } h1 { font-size: 1.45rem; }
          dl { gap: .15rem .8rem; } tr > th:first-child { position: static; }
          tbody th { max-width: 11rem; } td.text { max-width: 15rem; } }
        @media print { body { font-size: 10pt; } main, footer { max-width: none; padding: 0; } .scroll { overflow: visible; }
          svg.wide { min-width: 0; } table { font-size: 8pt; white-space: normal; } tr > th:first-child { position: static; }
          th, td { padding: .15rem .35rem; } tr, figure, .tiles li, .charts section { break-inside: avoid; }
          h2, h3, caption { break-after: avoid; } thead { display: table-header-group; }
          .tiles li, .bar, .track, .mark { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
        """
}
