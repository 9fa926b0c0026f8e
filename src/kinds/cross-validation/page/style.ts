import { Html } from '../../../pages/html.ts';

/** What only the page of a cross-validation needs: the heat map, the rows of a fold, causes of failures. */
export const cvStyle = new Html(`
svg.fold { fill: var(--paper); stroke: var(--second); stroke-width: 1.4; }
.heat td.h { text-align: center; border: 2px solid var(--paper); padding: .45rem .5rem; background: color-mix(in srgb, var(--mark) calc(var(--s) * 1%), var(--paper)); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.heat td.h.best { outline: 2px solid var(--ink); outline-offset: -3px; font-weight: 600; }
.heat td.h small { display: block; color: inherit; font-size: .75rem; }
.heat thead th { text-align: center; } .heat thead th:first-child { text-align: left; }
.heat table { width: auto; }
.heat th { white-space: nowrap; }
svg.rows { min-width: 9rem; height: .9rem; }
svg.rows .track { fill: var(--wash); } svg.rows .train { fill: var(--mark-soft); } svg.rows .test { fill: var(--mark); }
.cause, .steps { overflow-wrap: anywhere; } .cause { margin: 0 0 .8rem; max-width: 52rem; }
.steps { margin: 1rem 0 0; } .steps p { margin: .25rem 0 0; }
.warned { margin: .9rem 0 0; padding: 0; list-style: none; max-width: 52rem; }
.warned li { margin: 0 0 .3rem; overflow-wrap: anywhere; }
.apart > h3:not(:first-child) { margin-top: 1.4rem; }
@media print { .multiples { grid-template-columns: 1fr 1fr; } }
`);
