import { Html } from '../../../pages/html.ts';

/** What only the pages of forecasts need, beside the style of all pages: the calendar of verdicts and the run's clock. */
export const forecastStyle = new Html(`
.years { --h: 17px; margin: 0 0 1.5rem; }
.years.many { --h: 11px; } .years.crowd { --h: 8px; }
.calendars { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 1.3rem 2.25rem; }
.calendars .years { margin: 0; }
.years .y, .years .ruler { display: grid; grid-template-columns: 2.6rem minmax(0, 1fr); align-items: center; }
.years .y { height: calc(var(--h) + 2px); }
.years .y > b, .years .ruler { color: var(--quiet); font: 400 11px/1 var(--sans); font-variant-numeric: tabular-nums; }
.years .ruler { height: 15px; }
.years .ruler > span:last-child { display: flex; margin-right: 4px; }
.years .ruler > span:last-child > span { flex: 1 1 0; }
.row { position: relative; height: var(--h); margin-right: 4px; background: linear-gradient(90deg, var(--rule) 1px, transparent 1px) 0 0 / 8.3333% 100%; }
.cell, .sign i { position: absolute; top: 0; bottom: 0; min-width: 1px; print-color-adjust: exact; -webkit-print-color-adjust: exact; forced-color-adjust: none; font: 600 10px/1 var(--sans); font-style: normal; overflow: hidden; display: flex; align-items: center; justify-content: center; }
.cell:not(.complete) { min-width: 4px; z-index: 1; }
.complete { background: color-mix(in srgb, var(--good) 46%, var(--paper)); }
.skipped { background: radial-gradient(circle, var(--quiet) .9px, transparent 1.2px) 0 0 / 5px 5px, var(--paper); outline: 1px solid var(--rule); outline-offset: -1px; }
.partial { background: repeating-linear-gradient(-45deg, var(--warn) 0 2px, var(--paper) 2px 5px); }
.missing { background: var(--paper); outline: 2px solid var(--ink); outline-offset: -2px; }
.failed { background: repeating-linear-gradient(0deg, var(--bad) 0 2px, var(--paper) 2px 4px); }
.quarantined { background: var(--bad); color: var(--paper); }
.cell.quarantined.w::after { content: 'Q'; }
.cell.failed.w::after, .cell.partial.w::after, .cell.missing.w::after { background: var(--paper); color: var(--ink); padding: 0 2px; }
.cell.failed.w::after { content: 'F'; } .cell.partial.w::after { content: 'P'; } .cell.missing.w::after { content: 'M'; }
.many .w::after, .crowd .w::after { display: none; }
.signs { display: flex; flex-wrap: wrap; gap: .25rem 1.3rem; margin: 0 0 1.1rem; padding: 0; list-style: none; color: var(--quiet); font-size: .8125rem; }
.sign { position: relative; display: inline-block; width: 22px; height: 12px; margin-right: .45em; vertical-align: -1px; }
.sign i { left: 0; right: 0; }
.clock { margin: 0 0 1.4rem; }
.clock .lane { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0 .7rem; padding: 3px 0; align-items: start; border-bottom: 1px solid var(--rule); }
.clock .lane > b { font: 400 .8125rem/15px var(--sans); overflow-wrap: anywhere; }
.clock .bars { position: relative; height: calc(var(--n) * 13px + 2px); margin-right: 4px; background: linear-gradient(90deg, var(--rule) 1px, transparent 1px) 0 0 / 25% 100%; }
.bar { position: absolute; height: 10px; min-width: 2px; background: var(--mark); border-right: 1px solid var(--paper); print-color-adjust: exact; -webkit-print-color-adjust: exact; forced-color-adjust: none; }
.bar.again { background: repeating-linear-gradient(90deg, var(--mark) 0 4px, var(--mark-soft) 4px 6px); }
.bar.bad { background: repeating-linear-gradient(0deg, var(--bad) 0 2px, var(--paper) 2px 4px); outline: 1px solid var(--bad); outline-offset: -1px; min-width: 4px; z-index: 1; }
.bar.part { background: linear-gradient(var(--mark) 0 5px, var(--paper) 5px 6px, var(--bad) 6px); }
.bar.ended { background: repeating-linear-gradient(-45deg, var(--warn) 0 2px, var(--paper) 2px 5px); }
.bar.still { background: var(--paper); outline: 1px dashed var(--mark); outline-offset: -1px; }
.clock .ticks { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0 .7rem; color: var(--quiet); font-size: 11px; }
.clock .ticks > span:last-child { display: flex; justify-content: space-between; margin-right: 4px; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1.5rem 2.25rem; margin: .6rem 0 1.8rem; }
.pair figure { margin: 0; }
.dated { margin: 1.6rem 0 0; font: 400 1.0625rem/1.4 var(--serif); }
.dated:first-of-type { margin-top: .6rem; }
.dated b { font-weight: 400; font-variant-numeric: tabular-nums; }
.cause, .steps { overflow-wrap: anywhere; } .cause { margin: 0 0 .8rem; max-width: 52rem; } .steps { margin: 1rem 0 0; } .steps p { margin: .25rem 0 0; }
@media (max-width: 47.99rem) { .clock .lane, .clock .ticks { grid-template-columns: 5rem minmax(0, 1fr); } }
@media print { .calendars, .pair { grid-template-columns: 1fr 1fr; } .years { break-inside: avoid; } .years.crowd { break-inside: auto; } }
`);
