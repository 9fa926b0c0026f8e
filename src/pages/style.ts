import { Html } from './html.ts';

/** One stylesheet for every page. Nothing in it reaches over the network. */
export const style = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1c1b19; --quiet: #5f5c55; --rule: #dcd8ce; --wash: #f3f0e8;
  --good: #1b6539; --warn: #865400; --bad: #a1231b; --mark: #22577f; --mark-soft: #22577f2e; --second: #b0481a; --third: #5b6b34;
  --serif: "Iowan Old Style", "Palatino Linotype", "URW Palladio L", P052, Charter, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161614; --ink: #e8e5dc; --quiet: #a6a297; --rule: #383630; --wash: #211f1c;
    --good: #83cf9d; --warn: #e3b45f; --bad: #f28d83; --mark: #8dbce2; --mark-soft: #8dbce23d; --second: #f0a273; --third: #b9c98a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 82rem; padding: 0 clamp(1rem, 3.4vw, 2.75rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 400 .9375rem/1.5 var(--sans); font-variant-numeric: tabular-nums lining-nums;
}
a { color: var(--mark); }
.banner {
  margin: 0 calc(-1 * clamp(1rem, 3.4vw, 2.75rem)); padding: .6rem clamp(1rem, 3.4vw, 2.75rem);
  border-block: 3px double var(--warn); color: var(--ink);
  background: repeating-linear-gradient(-45deg, transparent 0 10px, color-mix(in srgb, var(--warn) 16%, transparent) 10px 20px);
}
.banner + .banner { border-top: 0; }
.banner strong { letter-spacing: .14em; margin-right: .75em; }
header { padding: 2.5rem 0 2rem; }
.brand { margin: 0; color: var(--quiet); font-size: .8125rem; letter-spacing: .02em; }
h1 { margin: .35rem 0 .9rem; font: 400 clamp(1.75rem, 1.2rem + 2.6vw, 2.75rem)/1.12 var(--serif); letter-spacing: -.012em; overflow-wrap: anywhere; }
h1 .dot { color: var(--quiet); }
.statement { margin: 0; max-width: 46rem; font: 400 1.1875rem/1.45 var(--serif); overflow-wrap: anywhere; }
.statement .verdict { margin-right: .5em; }
.verdict { white-space: nowrap; font-family: var(--sans); font-weight: 600; font-size: .9375rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
td .verdict, .note .verdict { font-weight: 500; font-size: inherit; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); margin: 2rem 0 0; border-block: 1px solid var(--ink); }
.figures > div { padding: .7rem 1rem .8rem 0; }
.figures dt { color: var(--quiet); font-size: .8125rem; }
.figures dd { margin: .1rem 0 0; font: 400 1.625rem/1.15 var(--serif); font-variant-numeric: tabular-nums lining-nums; }
.figures dd small { white-space: nowrap; font: 400 .8125rem/1.3 var(--sans); color: var(--quiet); }
section { padding: 1.6rem 0 1.9rem; border-top: 1px solid var(--rule); }
main > section:first-child { border-top: 0; padding-top: 0; }
h2 { margin: 0 0 .15rem; font: 600 1rem/1.35 var(--sans); }
.aside { margin: 0 0 .9rem; color: var(--quiet); font-size: .8125rem; line-height: 1.45; max-width: 46rem; }
.note + .scroll { margin-top: 1.1rem; }
.note { margin: .7rem 0 0; color: var(--quiet); font-size: .8125rem; max-width: 46rem; }
div > p:first-child { margin-top: 0; }
@media (min-width: 64rem) {
  section { display: grid; grid-template-columns: 11rem minmax(0, 1fr); column-gap: 2.25rem; }
  .aside { margin: 0; }
}
.scroll { overflow-x: auto; overscroll-behavior-x: contain; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--mark); outline-offset: 3px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
caption { padding: 0 0 .4rem; text-align: left; color: var(--quiet); font-size: .8125rem; }
th, td { padding: .37rem .85rem .37rem 0; text-align: left; vertical-align: baseline; unicode-bidi: isolate; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-weight: 500; font-size: .8125rem; line-height: 1.3; vertical-align: bottom; border-bottom: 1px solid var(--ink); }
tbody th { font-weight: 600; }
tbody th, tbody td, tfoot th, tfoot td { border-bottom: 1px solid var(--rule); }
tfoot th { font-weight: 500; }
.n { text-align: right; white-space: nowrap; }
.k { white-space: nowrap; }
.w { min-width: 13rem; overflow-wrap: anywhere; }
code, .id { font-family: var(--mono); font-size: .8125em; }
.id { overflow-wrap: anywhere; }
tr.now > * { background: var(--wash); }
@media (max-width: 63.99rem) {
  tbody th, thead th:first-child, tfoot th { position: sticky; left: 0; background: var(--paper); }
}
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--mark); padding: .3rem 0; }
details[open] > summary { margin-bottom: .6rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font-family: var(--sans); font-size: 12px; }
.chart text.strong { font-weight: 600; }
svg.point { fill: var(--mark-soft); stroke: var(--mark); stroke-width: 1.4; }
svg.strip { min-width: 7rem; height: .7rem; }
svg.strip .track { fill: var(--wash); } svg.strip .span { fill: var(--mark); }
figure { margin: 0 0 1.4rem; }
figcaption { margin-top: .5rem; color: var(--quiet); font-size: .8125rem; }
figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; }
small { font-size: .8125rem; font-weight: 400; }
.legend { display: inline-flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0; padding: 0; list-style: none; }
.legend svg { display: inline-block; width: auto; height: 14px; vertical-align: -2px; margin-right: .35em; }
.narrow { display: none; }
@media (max-width: 47.99rem) { .wide { display: none; } .narrow { display: block; } }
.lead { overflow-wrap: anywhere; margin: 0 0 1rem; max-width: 46rem; font: 400 1.0625rem/1.45 var(--serif); }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1.4rem 2.5rem; align-items: start; }
.statement-table th { font-weight: 400; padding-right: 1rem; }
.statement-table .total > * { font-weight: 600; border-bottom-color: var(--ink); }
.statement-table .indented th { padding-left: 1.2rem; color: var(--quiet); }
.apart { margin-top: 1.4rem; }
h3 { display: flex; flex-wrap: wrap; gap: 0 .5em; margin: 0 0 .3rem; font: 600 .875rem/1.35 var(--sans); }
h3 small { font-weight: 400; color: var(--quiet); } h3 > span { margin-left: auto; font-weight: 400; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1.6rem 2rem; margin: .6rem 0 0; }
.multiples figure { margin: 0; }
.pairs { columns: 2 22rem; column-gap: 2.5rem; margin: 0; }
.pairs > div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--rule); padding: .2rem 0; break-inside: avoid; }
.pairs dt { flex: 1 1 auto; overflow-wrap: anywhere; } .pairs dd { flex: 0 1 auto; margin: 0; text-align: right; overflow-wrap: anywhere; }
footer { padding-top: 1.2rem; border-top: 1px solid var(--ink); color: var(--quiet); font-size: .8125rem; }
footer p { margin: 0 0 .2rem; overflow-wrap: anywhere; }
@media print {
  :root { --paper: #fff; --ink: #000; --quiet: #444; --rule: #bbb; --wash: #f4f4f4; --good: #064f22; --warn: #6b4300; --bad: #8c0f08; --mark: #123f63; --mark-soft: #123f6333; --second: #8a3610; --third: #45521f; color-scheme: light; }
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  .banner { margin: 0; padding: .4rem; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  header { padding: 1rem 0; }
  .scroll { overflow: visible; }
  .w { min-width: 0; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
  h2, .aside { break-after: avoid; }
  section { display: block; padding: .8rem 0; }
  .wide { display: block !important; } .narrow { display: none !important; }
  details::details-content { content-visibility: visible; }
}
`);
