/**
 * Charts as inline SVG, drawn by ECharts without a browser. Colours are the page's own variables, so that a chart follows
 * light, dark and paper; nothing in it runs or loads.
 */
import * as echarts from 'echarts/dist/echarts.esm.min.mjs';
import type { EChartsOption } from 'echarts';
import { Html, html } from '../html.ts';
import type { Fragment } from '../html.ts';

export interface Chart {
  /** Unique on its page: the ids inside of the drawing begin with it. */
  id: string;
  title: string;
  /** What the drawing shows, in words, for whoever cannot see it. */
  description: string;
  legend?: readonly { sign: Html; name: string }[];
  /** Below the drawing, beside the legend. */
  note?: Fragment;
  draw: (size: Size) => EChartsOption;
  /** Heights of the drawing at its two widths, where they are not the usual ones. */
  height?: { wide: number; narrow: number };
}

export interface Size {
  width: number;
  height: number;
  narrow: boolean;
}

const usualHeight = { wide: 300, narrow: 260 };

/** One chart at two sizes, of which the style shows one: text in a drawing that is scaled to a phone cannot be read. */
export function figureOf(chart: Chart): Html {
  const { wide, narrow } = chart.height ?? usualHeight;
  return html`<figure>
    ${drawing(chart, { width: 900, height: wide, narrow: false }, 'wide')}${drawing(chart, { width: 350, height: narrow, narrow: true }, 'narrow')}
    ${caption(chart)}
  </figure>`;
}

/** A small chart, one of several in a row. */
export function smallMultiple(chart: Chart, heading: Html): Html {
  return html`<figure class="small">
    ${heading}${drawing(chart, { width: 350, height: chart.height?.narrow ?? 170, narrow: true }, 'any')}
  </figure>`;
}

export function legend(signs: Chart['legend']): Fragment {
  return (
    signs !== undefined &&
    html`<ul class="legend">
      ${signs.map(({ sign, name }) => html`<li>${sign}${name}</li>`)}
    </ul>`
  );
}

function caption({ legend: signs, note }: Chart): Fragment {
  return (
    (signs !== undefined || note !== undefined) &&
    html`<figcaption>${legend(signs)}${note && html`<span class="remark">${note}</span>`}</figcaption>`
  );
}

function drawing(chart: Chart, size: Size, className: string): Html {
  const surface = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: size.width,
    height: size.height,
  });
  try {
    surface.setOption({
      animation: false,
      textStyle: { fontFamily: 'sans-serif', fontSize: 12 },
      ...chart.draw(size),
    });
    const inner = trimmed(surface.renderToSVGString(), `${chart.id}-${className}`);
    return html`<svg
      class="${className} chart"
      viewBox="0 0 ${size.width} ${size.height}"
      role="img"
      aria-label="${`${chart.title}. ${chart.description}`}"
    >
      ${new Html(inner)}
    </svg>`;
  } finally {
    surface.dispose();
  }
}

/**
 * The inside of the drawing without what the page's style says already, with decimals that no eye sees cut, and with ids
 * that hang on the chart alone: the library counts them up over the life of the process.
 */
function trimmed(svg: string, id: string): string {
  return svg
    .replace(/^<svg[^>]*>\s*(<rect [^>]*fill="none"[^>]*><\/rect>)?/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/<style\s*>.*?<\/style>/gs, '')
    .replace(/ (?:class|pointer-events|xml:space)="[^"]*"/g, '')
    .replace(/ style="([^"]*)"/g, (_, style: string) => (/bold/.test(style) ? ' class="strong"' : ''))
    .replace(/<(path|text|rect)([^>]*)><\/\1>/g, '<$1$2/>')
    .replace(/<[^>]*>/g, (tag) => tag.replace(/(\d\.\d)\d+/g, '$1').replace(/zr\d+-/g, `${id}-`))
    .replace(/\s*\n\s*/g, '');
}

/** The page's colours, for what is drawn. */
export const colour = {
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  rule: 'var(--rule)',
  paper: 'var(--paper)',
  mark: 'var(--mark)',
  soft: 'var(--mark-soft)',
  second: 'var(--second)',
  third: 'var(--third)',
} as const;

/** What all axes share: quiet lines, no ticks where a grid says it. */
export const axis = {
  line: { lineStyle: { color: colour.quiet } },
  label: { color: colour.quiet, fontSize: 12 },
  split: { lineStyle: { color: colour.rule } },
  name: { color: colour.quiet, fontSize: 12 },
} as const;
