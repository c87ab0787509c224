import type { CalibrationBin, CalibrationCurve } from '../page-data.ts';
import { draw, make } from './dom.ts';
import { grouped, percentText } from './scale.ts';

const SIZE = 340;
const PAD = { left: 44, right: 22, top: 28, bottom: 40 } as const;

/** How often came what was said, for one forecaster at a time. */
export function calibrationOf(curves: readonly CalibrationCurve[]): HTMLElement {
  const place = make('div', { class: 'reliability' });
  const show = (index: number): void => {
    const curve = curves[index];
    if (curve !== undefined) place.replaceChildren(diagram(curve), binsTable(curve));
  };
  const choice = make('select', {
    attributes: { 'aria-label': 'Whose calibration' },
    children: curves.map(({ name }, index) =>
      make('option', { text: name, attributes: { value: String(index) } }),
    ),
  });
  choice.addEventListener('change', () => show(Number(choice.value)));
  show(0);
  return make('div', { children: [make('p', { class: 'filters', children: [choice] }), place] });
}

function diagram({ name, bins }: CalibrationCurve): HTMLElement {
  const inner = SIZE - PAD.left - PAD.right;
  const tall = SIZE - PAD.top - PAD.bottom;
  const x = (share: number) => PAD.left + share * inner;
  const y = (share: number) => PAD.top + (1 - share) * tall;
  const drawing = draw('svg', { viewBox: `0 0 ${SIZE} ${SIZE}`, role: 'img', class: 'diagram' });
  drawing.setAttribute('aria-label', `Calibration of ${name}: the table beside it has the figures`);
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    const text = `${tick * 100} %`;
    drawing.append(
      draw('line', { x1: x(0), x2: x(1), y1: y(tick), y2: y(tick), class: 'grid' }),
      draw('text', { x: x(0) - 8, y: y(tick) + 4, class: 'tick end' }, text),
      draw('text', { x: x(tick), y: y(0) + 18, class: 'tick middle' }, text),
    );
  }
  drawing.append(
    draw('line', { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: 'ideal' }),
    draw('text', { x: x(0.5), y: SIZE - 4, class: 'tick middle' }, 'share said'),
    draw('text', { x: 4, y: 12, class: 'tick' }, 'share that came'),
  );
  const most = bins.reduce((top, bin) => Math.max(top, bin.count), 1);
  const line = bins.map(({ said, came }) => `${x(said)},${y(came)}`).join(' ');
  drawing.append(draw('polyline', { points: line, class: 'curve' }));
  for (const bin of bins) drawing.append(...pointOf(bin, { x, y, most }));
  return make('div', { class: 'drawing', children: [drawing] });
}

interface Ground {
  readonly most: number;
  x(share: number): number;
  y(share: number): number;
}

function pointOf({ said, came, count, low, high }: CalibrationBin, { x, y, most }: Ground) {
  const radius = 3 + 6 * Math.sqrt(count / most);
  return [
    draw('line', { x1: x(said), x2: x(said), y1: y(low), y2: y(high), class: 'whisker' }),
    draw('circle', { cx: x(said), cy: y(came), r: radius, class: 'dot' }),
  ];
}

function binsTable({ name, bins }: CalibrationCurve): HTMLElement {
  const heads = ['Said', 'Came', '95 % interval', 'Times'].map((text) =>
    make('th', { text, class: 'number', attributes: { scope: 'col' } }),
  );
  const lines = bins.map(({ said, came, low, high, count }) => {
    const interval = `${percentText(low, 0)} … ${percentText(high, 0)}`;
    const texts = [percentText(said, 1), percentText(came, 1), interval, grouped(count, 0)];
    return make('tr', { children: texts.map((text) => make('td', { text, class: 'number' })) });
  });
  return make('table', {
    attributes: { 'aria-label': `Calibration of ${name}` },
    children: [
      make('thead', { children: [make('tr', { children: heads })] }),
      make('tbody', { children: lines }),
    ],
  });
}
