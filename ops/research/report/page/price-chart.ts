import type { Height, Pen } from './chart.ts';
import { type Bar, barsBetween, type CandleColumns } from './downsample.ts';
import { grouped } from './scale.ts';

export const MARKS = ['entry', 'exit', 'stop'] as const;
export type MarkKind = (typeof MARKS)[number];

/** Something that was traded, on the price. */
export interface Mark {
  readonly place: number;
  readonly price: number;
  readonly kind: MarkKind;
}

/** A line from where a position was opened to where it was closed. */
export interface Held {
  readonly from: number;
  readonly to: number;
  readonly entry: number;
  readonly exit: number;
}

export interface Market {
  readonly candles: CandleColumns;
  /** By place. */
  readonly marks: readonly Mark[];
  readonly held: readonly Held[];
}

/** A bar takes at least this much room, and with more marks in sight than `MARKS_APART` allows,
 * neighbours of one kind become one. CSS pixels. */
const BAR_WIDTH = 3.5;
const MARKS_APART = 9;

/** A market as bars with what was traded on it. */
export function drawMarket(pen: Pen, { candles, marks, held }: Market): void {
  const { context, area, first, end } = pen;
  const most = Math.floor(area.width / BAR_WIDTH);
  const bars = barsBetween(candles, { from: first, to: end, most });
  if (bars.length === 0) return;
  const low = bars.reduce((least, bar) => Math.min(least, bar.low), Number.POSITIVE_INFINITY);
  const high = bars.reduce((top, bar) => Math.max(top, bar.high), 0);
  const height = pen.scale(low, high, grouped);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.width, area.height);
  context.clip();
  drawBars(pen, bars, height);
  const shown = marks.filter(({ place }) => place >= first && place < end);
  const crowded = shown.length * MARKS_APART > area.width * 2;
  if (!crowded) drawHeld(pen, held, height);
  for (const { mark, count } of crowded ? merged(pen, shown) : alone(shown)) {
    drawMark(pen, mark, { y: height(mark.price), size: count > 1 ? 4.5 : 6, faint: crowded });
  }
  context.restore();
}

function drawBars({ context, palette, area, x }: Pen, bars: readonly Bar[], height: Height): void {
  const [one] = bars;
  if (one === undefined) return;
  const room = x(one.to) - x(one.from);
  const body = Math.max(1, Math.min(11, room * 0.62));
  context.lineWidth = 1;
  context.strokeStyle = palette.muted;
  context.fillStyle = palette.muted;
  for (const { from, to, open, high, low, close } of bars) {
    const middle = (x(from) + x(to - 1)) / 2;
    if (middle < area.left - body || middle > area.left + area.width + body) continue;
    context.beginPath();
    context.moveTo(middle, height(high));
    context.lineTo(middle, height(low));
    context.stroke();
    const top = height(Math.max(open, close));
    const tall = Math.max(1, height(Math.min(open, close)) - top);
    if (close < open || body < 3) {
      context.fillRect(middle - body / 2, top, body, tall);
      continue;
    }
    context.fillStyle = palette.paper;
    context.fillRect(middle - body / 2, top, body, tall);
    context.strokeRect(middle - body / 2, top, body, tall);
    context.fillStyle = palette.muted;
  }
}

function drawHeld({ context, palette, first, end, x }: Pen, held: readonly Held[], y: Height) {
  context.lineWidth = 1.5;
  for (const { from, to, entry, exit } of held) {
    if (to < first || from >= end) continue;
    context.strokeStyle = exit >= entry ? palette.accent : palette.second;
    context.globalAlpha = 0.75;
    context.beginPath();
    context.moveTo(x(from), y(entry));
    context.lineTo(x(to), y(exit));
    context.stroke();
  }
  context.globalAlpha = 1;
}

interface Shown {
  readonly mark: Mark;
  readonly count: number;
}

function alone(marks: readonly Mark[]): Shown[] {
  return marks.map((mark) => ({ mark, count: 1 }));
}

/** Marks of one kind within a few pixels become one at their mean price. */
function merged({ x }: Pen, marks: readonly Mark[]): Shown[] {
  const groups = new Map<string, { place: number; sum: number; kind: MarkKind; count: number }>();
  for (const { place, price, kind } of marks) {
    const key = `${kind} ${Math.round(x(place) / MARKS_APART)}`;
    const group = groups.get(key) ?? { place, sum: 0, kind, count: 0 };
    group.sum += price;
    group.count += 1;
    groups.set(key, group);
  }
  return [...groups.values()].map(({ place, sum, kind, count }) => ({
    mark: { place, price: sum / count, kind },
    count,
  }));
}

/** An entry points up from below its price, an exit down from above, a stop is a cross: form tells
 * them apart where colour does not. */
function drawMark(
  { context, palette, x }: Pen,
  { place, kind }: Mark,
  { y, size, faint }: { readonly y: number; readonly size: number; readonly faint: boolean },
): void {
  const middle = x(place);
  context.globalAlpha = faint ? 0.8 : 1;
  context.fillStyle = kind === 'entry' ? palette.accent : palette.second;
  context.strokeStyle = kind === 'stop' ? palette.second : palette.paper;
  context.beginPath();
  if (kind === 'stop') {
    context.lineWidth = 2;
    const arm = size * 0.7;
    context.moveTo(middle - arm, y - arm);
    context.lineTo(middle + arm, y + arm);
    context.moveTo(middle + arm, y - arm);
    context.lineTo(middle - arm, y + arm);
    context.stroke();
  } else {
    const side = kind === 'entry' ? 1 : -1;
    context.lineWidth = 1;
    context.moveTo(middle, y + side * 2);
    context.lineTo(middle - size, y + side * (2 + size * 1.6));
    context.lineTo(middle + size, y + side * (2 + size * 1.6));
    context.closePath();
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
}
