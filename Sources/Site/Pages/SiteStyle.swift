import Briefs

/// The style of the site: the reports' style sheet and additions to it. Every pair of text and background has a
/// contrast of at least 4.5 to 1 (WCAG 2.2, AA).
enum SiteStyle {
    static let text = [StyleSheet.text, frame, lists, forms, code, devices].joined(separator: "\n")

    private static let frame = """
        .site { max-width: 70rem; padding-top: 0; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        .bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 1.6rem; padding: 1.1rem 0; margin: 0 0 1.8rem;
          border-bottom: 1px solid var(--line); }
        .bar a { text-decoration: none; } .bar a:hover { text-decoration: underline; }
        .brand { font-weight: 750; font-size: 1.12rem; letter-spacing: -.01em; color: var(--ink); }
        .bar nav { margin: 0; gap: .2rem 1.2rem; }
        .bar [aria-current] { color: var(--ink); font-weight: 600; }
        .bar .languages { margin-left: auto; gap: .2rem .8rem; font-size: .86rem; }
        .trail { display: block; margin: 0 0 .5rem; font-size: .88rem; color: var(--soft); overflow-wrap: anywhere; }
        .site h1 { margin: 0 0 .8rem; font-size: clamp(1.6rem, 4.6vw, 2.3rem); }
        .lead { max-width: 44rem; margin: 0 0 1.4rem; font-size: 1.08rem; color: var(--soft); }
        .site section { scroll-margin-top: 1rem; }
        .site section > :last-child { margin-bottom: 0; }
        .site main > .chips { margin: 0 0 1.5rem; } .site h1 + .chips { margin-top: -.3rem; }
        .cards dd span { display: block; line-height: 1.4; }
        .more { margin: 0; font-size: .92rem; } .more + .more { margin-top: .5rem; } .facts + .more { margin-top: 1rem; }
        .site section > .scroll:last-child table { margin-bottom: 0; }
        .site tbody th a { white-space: nowrap; }
        footer { margin: 2.4rem 0 0; padding: 1.1rem 0 0; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
        footer p { margin: 0 0 .3rem; max-width: none; }
        .problem, .note { margin: 0 0 1.4rem; } .problem a { color: inherit; }
        .problem { padding: .8rem 1.1rem; border-radius: 12px; background: var(--bad-soft); color: var(--bad); max-width: none; }
        .note { padding: .8rem 1.1rem; border-radius: 12px; background: var(--fair-soft); color: var(--fair); max-width: none; }
        .site code { overflow-wrap: anywhere; }
        .site .plain { padding-left: 1.2rem; } .site dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.4rem; margin: 0; }
        .facts dt { padding-top: .08rem; } .facts dd { overflow-wrap: anywhere; min-width: 0; }
        """

    private static let lists = """
        .models { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); gap: 1rem; margin: 0 0 1.4rem;
          padding: 0; list-style: none; }
        .models > li { position: relative; display: flex; flex-direction: column; gap: .45rem; padding: 1.2rem 1.3rem;
          border: 1px solid var(--line); border-radius: 14px; background: var(--sheet); min-width: 0; }
        .models > li:hover { border-color: var(--accent); }
        .models h3 { margin: 0; font-size: 1.15rem; color: var(--ink); overflow-wrap: anywhere; letter-spacing: -.01em; }
        .models h3 a { text-decoration: none; } .models h3 a::after { content: ""; position: absolute; inset: 0; border-radius: 14px; }
        .models p { margin: 0; color: var(--soft); font-size: .9rem; }
        .models .chips { margin-top: auto; padding-top: .3rem; }
        .systems { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2rem; }
        .systems h3 { margin: .4rem 0 .5rem; }
        .answers { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1rem; padding: 0; list-style: none; }
        .site .answers li { margin: 0; } .answers a { display: block; padding: .45rem .9rem; border: 1px solid var(--line); border-radius: 99px;
          background: var(--sheet); text-decoration: none; } .answers a:hover { border-color: var(--accent); }
        .best { border-color: var(--good); border-width: 2px; }
        .best h2 { font-size: 1.5rem; } .best h2 small, .eyebrow { display: block; margin-bottom: .2rem; color: var(--good); font-size: .85rem;
          font-weight: 650; letter-spacing: .02em; }
        .best .cards { grid-template-columns: repeat(auto-fit, minmax(8.6rem, 1fr)); margin: 1rem 0; }
        .refused { margin: 0; padding: 0; list-style: none; } .site .refused li { margin: 0; padding: .55rem 0; max-width: none;
          border-top: 1px solid var(--line); }
        .refused li:first-child { border-top: 0; } .refused ul { margin: .15rem 0 0; } .site .refused ul li { padding: 0; border: 0; color: var(--soft); }
        .badge { display: inline-block; padding: 0 .5rem; border-radius: 99px; background: var(--accent-soft); color: var(--accent);
          font-size: .8rem; font-weight: 550; }
        """

    private static let forms = """
        .ask, .ask details > div { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr));
          gap: 1rem 1.4rem; align-items: start; }
        .ask.short .send { grid-column: auto; margin-top: 1.72rem; } .ask + .more { margin-top: .7rem; }
        ::placeholder { color: var(--soft); opacity: 1; }
        .again summary { font-size: 1rem; font-weight: 600; } .again summary .badge { margin-left: .35rem; font-weight: 550; }
        .again[open] > summary { margin-bottom: 1.1rem; } .site .again { margin: 0; }
        .ask .field { min-width: 0; } .ask label, .ask legend { display: block; padding: 0; margin: 0 0 .25rem; font-size: .88rem; font-weight: 600; }
        .ask small { display: block; margin: .2rem 0 0; color: var(--soft); font-size: .78rem; line-height: 1.4; }
        .ask input:not([type=radio]), .ask select { width: 100%; min-height: 2.75rem; padding: .5rem .7rem; border: 1px solid var(--soft); border-radius: 9px;
          background: var(--ground); color: var(--ink); font: inherit; }
        .ask fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
        .ask .choice { display: flex; flex-wrap: wrap; gap: .2rem 1rem; min-height: 2.75rem; align-items: center; }
        .ask .choice label { display: inline-flex; gap: .45rem; align-items: center; min-height: 2.2rem; margin: 0; font-weight: 450; font-size: 1rem; }
        .ask input[type=radio] { width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--accent); }
        .ask details { grid-column: 1 / -1; margin: 0; } .ask details[open] summary { margin-bottom: .8rem; }
        .ask .send { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; }
        button, .button { display: inline-flex; align-items: center; min-height: 2.75rem; padding: .45rem 1.3rem; border: 0; border-radius: 9px;
          background: var(--accent); color: var(--ground); font: inherit; font-weight: 650; text-decoration: none; cursor: pointer; }
        button:hover, .button:hover { filter: brightness(1.08); text-decoration: none; }
        .button.second { background: var(--accent-soft); color: var(--accent); }
        .actions { display: flex; flex-wrap: wrap; gap: .7rem; margin: 0 0 1rem; }
        """

    private static let code = """
        pre { margin: .4rem 0 1rem; padding: .85rem 1.05rem; border: 1px solid var(--line); border-radius: 10px; background: var(--faint);
          overflow-x: auto; font-size: .88rem; line-height: 1.5; tab-size: 4; }
        pre code { font-size: .95em; overflow-wrap: normal; white-space: pre; }
        .command code { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all; }
        .snippets details { margin: 0; border-top: 1px solid var(--line); } .snippets summary { padding: .65rem 0; font-size: 1rem; font-weight: 600; }
        .snippets pre { max-height: 30rem; overflow: auto; }
        """

    private static let devices = """
        @media (max-width: 42rem) {
          .site { padding: 0 1rem 3rem; } .bar { padding: .8rem 0; margin-bottom: 1.2rem; }
          .site section { padding: 1.1rem 1rem 1rem; } .actions .button { flex: 1 1 auto; justify-content: center; }
          .site dl.facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin: 0 0 .6rem; }
          .ask.short .send { margin-top: 0; } .ask button { width: 100%; justify-content: center; }
          .site .wide th { overflow-wrap: anywhere; } .site tbody th a { white-space: normal; }
          .site .wide td { grid-template-columns: 49% 1fr; }
          .site td { overflow-wrap: anywhere; } .best .cards { grid-template-columns: 1fr 1fr; }
        }
        @media print {
          .bar nav, .ask, .actions, .snippets, .skip { display: none; } .bar { border: 0; margin: 0; padding: 0; }
          .models > li, .cards div, .best { break-inside: avoid; } .site section { border: 0; padding: .5rem 0; }
          .site nav.trail { display: block; } pre { white-space: pre-wrap; } footer { font-size: 8pt; }
        }
        """
}
