/// The style of reports: on a screen, on a phone, in dark mode and on paper. Every pair of text and background has a
/// contrast of at least 4.5 to 1 (WCAG 2.2, AA).
package enum StyleSheet {
    package static let text = [colors, page, tables, drawings, devices].joined(separator: "\n")

    private static let colors = """
        :root { color-scheme: light dark;
          --ground: #fbfaf8; --sheet: #ffffff; --ink: #1d2330; --soft: #5a6272; --line: #e1e3e8; --faint: #f1f2f5;
          --accent: #1f5fbf; --accent-soft: #dfe9f8; --good: #146c43; --good-soft: #dcf1e5; --fair: #7a5200;
          --fair-soft: #fbeecb; --bad: #a3282b; --bad-soft: #fbe1df; --limit: #b3361e;
          --p1: #3b6fc4; --p2: #2e9c94; --p3: #c98a1b; --p4: #8b8f9a; --heat-ink: #1d2330;
          --h1: #f4a58a; --h2: #f8bd93; --h3: #fad7a5; --h4: #f6ebbd; --h5: #dfecc9; --h6: #c6e5d4; --h7: #b5dbe2;
          --h8: #cbdcf0; --h9: #e6eaf1; }
        @media (prefers-color-scheme: dark) { :root {
          --ground: #12151b; --sheet: #191d25; --ink: #e7e9ee; --soft: #a3abba; --line: #2f3542; --faint: #222733;
          --accent: #86b4ff; --accent-soft: #22324f; --good: #7fd6a5; --good-soft: #173526; --fair: #ecc46a;
          --fair-soft: #3a2f14; --bad: #ff9d96; --bad-soft: #442020; --limit: #ff8d73;
          --p1: #5b8fe6; --p2: #45b8ae; --p3: #d8a03a; --p4: #7d8494; --heat-ink: #f2f3f6;
          --h1: #8a3b22; --h2: #83491f; --h3: #765420; --h4: #625b24; --h5: #43602f; --h6: #28614a; --h7: #245a68;
          --h8: #2b4c72; --h9: #333a49; } }
        """

    private static let page = """
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
        body { margin: 0 auto; max-width: 74rem; padding: 2.5rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
          font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        .skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; }
        a { color: var(--accent); }
        .mark { margin: 0; color: var(--accent); font-weight: 650; letter-spacing: .04em; }
        h1 { margin: .1rem 0 .2rem; font-size: clamp(1.7rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em;
          overflow-wrap: anywhere; }
        h2 { margin: 0 0 .6rem; font-size: 1.35rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
        h3 { margin: 1.8rem 0 .5rem; font-size: 1rem; color: var(--soft); font-weight: 650; }
        p { margin: .4rem 0 1rem; max-width: 46rem; overflow-wrap: anywhere; }
        .sub { margin: 0 0 1rem; color: var(--soft); }
        .chips { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0; padding: 0; list-style: none; }
        .chips li { padding: .15rem .7rem; border-radius: 99px; background: var(--accent-soft); color: var(--accent);
          font-size: .85rem; font-weight: 550; overflow-wrap: anywhere; }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem;
          margin: 1.8rem 0 1.2rem; }
        .cards div { padding: .9rem 1.1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--sheet); }
        dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; }
        dd b { display: block; font-size: 1.45rem; font-weight: 650; letter-spacing: -.01em; line-height: 1.3; }
        dd span { color: var(--soft); font-size: .82rem; }
        nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0 0 1.6rem; font-size: .92rem; }
        nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
        section { margin: 0 0 1.4rem; padding: 1.5rem 1.6rem 1.3rem; border: 1px solid var(--line); border-radius: 14px;
          background: var(--sheet); }
        section ul { padding-left: 1.2rem; } section li { margin: .25rem 0; max-width: 46rem; }
        code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        figure { margin: .6rem 0 .4rem; } figcaption { color: var(--soft); font-size: .87rem; max-width: 46rem; }
        details { margin: .2rem 0 1.2rem; } summary { color: var(--accent); cursor: pointer; font-size: .87rem; }
        """

    private static let tables = """
        .scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; }
        table { border-collapse: collapse; width: 100%; margin: .4rem 0 1rem; font-size: .89rem; }
        caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        th, td { padding: .42rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        thead th { color: var(--soft); font-weight: 600; font-size: .8rem; vertical-align: bottom; }
        tbody th { font-weight: 550; } tbody tr:last-child > * { border-bottom: 0; }
        tbody tr:hover { background: var(--faint); }
        .n { text-align: right; font-variant-numeric: tabular-nums; } thead .n { text-align: right; }
        td.n { white-space: nowrap; } td.n small { display: block; color: var(--soft); font-size: .74rem; }
        .tone { display: inline-block; padding: 0 .55rem; border-radius: 99px; font-size: .84rem; font-weight: 600;
          white-space: nowrap; }
        .tone.good { color: var(--good); background: var(--good-soft); }
        .tone.fair { color: var(--fair); background: var(--fair-soft); }
        .tone.bad { color: var(--bad); background: var(--bad-soft); }
        .wide th, .wide td { padding-left: .45rem; padding-right: .45rem; }
        .heat { width: auto; border-collapse: separate; border-spacing: 3px; font-size: .82rem; }
        .heat th { border: 0; padding: .2rem .5rem; font-weight: 550; color: var(--soft); font-size: .78rem; }
        .heat thead th { text-align: center; white-space: nowrap; } .heat tbody th { text-align: right; }
        .heat td { position: relative; min-width: 5.2rem; padding: .3rem .4rem; border: 0; border-radius: 5px;
          text-align: center; vertical-align: middle; color: var(--heat-ink); line-height: 1.25; }
        .heat td b { display: block; font-weight: 600; } .heat td small { display: block; font-size: .72rem; padding-bottom: 3px; }
        .heat td i { position: absolute; left: 0; bottom: 0; height: 3px; border-radius: 0 2px 2px 5px;
          background: var(--heat-ink); opacity: .7; }
        .heat tbody tr:hover { background: none; }
        """
        + "\n" + (1...9).map { ".heat td.h\($0) { background: var(--h\($0)); }" }.joined(separator: "\n")

    private static let drawings = """
        svg.chart { display: block; width: 100%; max-width: 780px; min-width: 470px; height: auto; margin: .2rem 0;
          font-family: inherit; font-size: 13px; }
        svg.lineage { min-width: 0; }
        svg text { fill: var(--ink); }
        .grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
        svg .tick { fill: var(--soft); font-size: 12px; } svg .name { fill: var(--soft); font-size: 12.5px; }
        .beaten { fill: var(--faint); } .front { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
        .point { stroke: var(--accent); stroke-width: 2.2; } .point.best { fill: var(--accent); }
        .point.other { fill: var(--sheet); stroke: var(--soft); }
        .ring { fill: none; stroke: var(--accent); stroke-width: 1.4; }
        .whisker { fill: none; stroke: var(--ink); stroke-width: 1.4; }
        svg .label { font-size: 13px; paint-order: stroke; stroke: var(--sheet); stroke-width: 3px; stroke-linejoin: round; }
        svg .label.focus, svg .strong { font-weight: 700; }
        .p1 { fill: var(--p1); } .p2 { fill: var(--p2); } .p3 { fill: var(--p3); } .p4 { fill: var(--p4); }
        .total { fill: var(--accent); opacity: .85; } .joint { stroke: var(--soft); stroke-dasharray: 2 3; }
        line.limit { stroke: var(--limit); stroke-width: 1.6; stroke-dasharray: 6 4; }
        svg text.limit { fill: var(--limit); font-size: 12px; font-weight: 600; }
        svg .value { font-size: 12.5px; paint-order: stroke; stroke: var(--sheet); stroke-width: 3px; }
        rect.node { fill: var(--faint); stroke: var(--line); stroke-width: 1.2; }
        rect.node.source { fill: var(--fair-soft); stroke: var(--fair); } rect.node.build { fill: var(--accent-soft); stroke: var(--accent); }
        svg text.node { font-weight: 600; } svg .digest { fill: var(--soft); font: 11px ui-monospace, "DejaVu Sans Mono", monospace; }
        .flow { fill: none; stroke: var(--soft); stroke-width: 1.4; } .head { fill: var(--soft); }
        svg .step { fill: var(--soft); font-size: 12px; paint-order: stroke; stroke: var(--sheet); stroke-width: 4px; }
        """

    private static let devices = """
        @media (max-width: 42rem) {
          body { padding: 1.4rem .8rem 3rem; } section { padding: 1.1rem .9rem .8rem; border-radius: 12px; }
          .cards { grid-template-columns: 1fr 1fr; gap: .5rem; } .cards div { padding: .7rem .8rem; }
          dd b { font-size: 1.15rem; }
          svg.lineage { min-width: 520px; }
          table.wide, .wide tbody, .wide tr, .wide th, .wide td { display: block; width: 100%; text-align: left; }
          .wide thead { display: none; }
          .wide tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
          .wide th, .wide td { display: grid; grid-template-columns: 44% 1fr; gap: .6rem; padding: .12rem 0; border: 0; }
          .wide th { display: block; font-size: 1rem; } .wide td:empty { display: none; }
          .wide td::before { content: attr(data-label); color: var(--soft); }
          .wide td .tone { justify-self: start; } .wide td.n { white-space: normal; }
          .wide td.n small { grid-column: 2; }
        }
        @media print {
          :root { color-scheme: light; }
          body { max-width: none; padding: 0; font-size: 10.5pt; background: #fff; } nav, summary, .skip { display: none; }
          section { break-inside: auto; border: 0; padding: .6rem 0; } h2, h3 { break-after: avoid; }
          figure, tr { break-inside: avoid; } .scroll { overflow: visible; } svg.chart { max-width: 100%; min-width: 0; }
          details::details-content { content-visibility: visible; display: block; height: auto; }
          @page { margin: 12mm; } table { font-size: 7.5pt; } thead th, figcaption { font-size: 7.5pt; } th, td { padding: .2rem .3rem; }
          td.n small { font-size: 6.2pt; } p { font-size: 10pt; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }
        @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
        """
}
