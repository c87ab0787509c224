import type { Span, Table } from '../page-data.ts';
import { draw, make } from './dom.ts';

/** A table with its heading, its note and, where it has them, its drawings. */
export function tableOf(table: Table): HTMLElement {
  const { title, note } = table;
  const heading = title === '' ? null : make('h3', { text: title });
  const words = note === '' ? null : make('p', { class: 'note', text: note });
  const frame = make('div', { class: 'scroll', children: [gridOf(table)] });
  return make('div', { class: 'table', children: [heading, words, frame] });
}

function gridOf({ title, columns, rows, spans, shares }: Table): HTMLTableElement {
  const heads = columns.map(({ heading, numeric }) =>
    make('th', {
      text: heading,
      attributes: { scope: 'col', ...(numeric ? { class: 'number' } : {}) },
    }),
  );
  if (spans !== undefined) {
    heads.push(make('th', { text: spans.heading, attributes: { scope: 'col' } }));
  }
  if (shares !== undefined) heads.push(make('th', { attributes: { 'aria-hidden': 'true' } }));
  const reach = reachOf(spans?.of ?? []);
  const lines = rows.map((row, index) => {
    const cells: HTMLElement[] = row.map((text, place) =>
      place === 0
        ? make('th', { text, attributes: { scope: 'row' } })
        : make('td', { text, class: columns[place]?.numeric === true ? 'number' : 'words' }),
    );
    if (spans !== undefined) cells.push(spanCell(spans.of[index] ?? null, reach));
    if (shares !== undefined) cells.push(shareCell(shares[index] ?? 0));
    return make('tr', { children: cells });
  });
  const bare = columns.every(({ heading }) => heading === '');
  return make('table', {
    attributes: { 'aria-label': title, ...(columns.length === 2 ? { class: 'pairs' } : {}) },
    children: [
      bare ? null : make('thead', { children: [make('tr', { children: heads })] }),
      make('tbody', { children: lines }),
    ],
  });
}

/** Half the width of the axis that all intervals share: zero stands in its middle. One that is much
 * wider than the others does not press them together: it runs out of the drawing. */
function reachOf(spans: readonly (Span | null)[]): number {
  const ends = spans
    .flatMap((span) => (span === null ? [] : [Math.max(Math.abs(span.low), Math.abs(span.high))]))
    .sort((one, other) => one - other);
  const middle = ends[Math.floor(ends.length / 2)] ?? 1;
  return Math.max(1e-9, Math.min(ends.at(-1) ?? 1, 2.5 * middle));
}

const SPAN = { width: 130, height: 18, margin: 7 } as const;

function spanCell(span: Span | null, reach: number): HTMLElement {
  const { width, height, margin } = SPAN;
  const half = width / 2;
  const x = (value: number) =>
    half + (Math.max(-reach, Math.min(reach, value)) / reach) * (half - margin);
  const drawing = draw('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'span' });
  drawing.setAttribute('aria-hidden', 'true');
  const middle = height / 2;
  drawing.append(draw('line', { x1: half, x2: half, y1: 0, y2: height, class: 'zero' }));
  if (span !== null) {
    const sure = span.low > 0 || span.high < 0 ? 'sure' : 'unsure';
    const ends = { x1: x(span.low), x2: x(span.high), y1: middle, y2: middle };
    drawing.append(draw('line', { ...ends, class: `reach ${sure}` }));
    if (Math.abs(span.middle) <= reach) {
      drawing.append(draw('circle', { cx: x(span.middle), cy: middle, r: 3.5, class: sure }));
    }
    if (span.low < -reach) drawing.append(arrow(1, 5, sure));
    if (span.high > reach) drawing.append(arrow(width - 1, -5, sure));
  }
  return make('td', { class: 'drawn', children: [drawing] });
}

/** The interval goes on beyond the drawing. */
function arrow(tip: number, back: number, sure: string): SVGElement {
  const middle = SPAN.height / 2;
  const points = `${tip + back},${middle - 4} ${tip},${middle} ${tip + back},${middle + 4}`;
  return draw('polyline', { points, class: `beyond ${sure}` });
}

function shareCell(share: number): HTMLElement {
  const bar = make('span', { class: 'share' });
  bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  const attributes = { 'aria-hidden': 'true' };
  const rail = make('span', { class: 'rail', children: [bar] });
  return make('td', { class: 'drawn', attributes, children: [rail] });
}
