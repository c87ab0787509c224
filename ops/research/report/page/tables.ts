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

/** Half the width of the axis that all intervals share: zero stands in its middle. */
function reachOf(spans: readonly (Span | null)[]): number {
  return spans.reduce(
    (most, span) =>
      span === null ? most : Math.max(most, Math.abs(span.low), Math.abs(span.high)),
    1e-9,
  );
}

const SPAN = { width: 130, height: 18 } as const;

function spanCell(span: Span | null, reach: number): HTMLElement {
  const { width, height } = SPAN;
  const x = (value: number) => width / 2 + (value / reach) * (width / 2 - 6);
  const drawing = draw('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'span' });
  drawing.setAttribute('aria-hidden', 'true');
  const middle = height / 2;
  drawing.append(draw('line', { x1: x(0), x2: x(0), y1: 0, y2: height, class: 'zero' }));
  if (span !== null) {
    const sure = span.low > 0 || span.high < 0 ? 'sure' : 'unsure';
    const ends = { x1: x(span.low), x2: x(span.high), y1: middle, y2: middle };
    drawing.append(
      draw('line', { ...ends, class: `reach ${sure}` }),
      draw('circle', { cx: x(span.middle), cy: middle, r: 3.5, class: sure }),
    );
  }
  return make('td', { class: 'drawn', children: [drawing] });
}

function shareCell(share: number): HTMLElement {
  const bar = make('span', { class: 'share' });
  bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  const attributes = { 'aria-hidden': 'true' };
  const rail = make('span', { class: 'rail', children: [bar] });
  return make('td', { class: 'drawn', attributes, children: [rail] });
}
