/** Round numbers that divide `low` … `high` into about `count` parts. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || count < 1) return [];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) ticks.push(at * step);
  return ticks;
}

/** Digits behind the point so that neighbours `step` apart look different; at most 8. */
export function placesFor(step: number): number {
  return step > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(step)))) : 2;
}

/** `12345.6` → `12,345.60`: thin spaces would be finer, but copy badly. */
export function grouped(value: number, places: number): string {
  const [whole = '', rest] = Math.abs(value).toFixed(places).split('.');
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (rest === undefined ? '' : `.${rest}`);
  const isZero = !/[1-9]/.test(text);
  return value < 0 && !isZero ? `−${text}` : text;
}

/** A price with as many digits as its size asks for. */
export function priceText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const places = Math.min(8, Math.max(2, 4 - Math.floor(Math.log10(size))));
  return grouped(value, size >= 1_000 ? 2 : places);
}

/** `0.01234` → `1.23 %`, with a space that no line breaks at. */
export function percentText(fraction: number, places = 2): string {
  return `${grouped(fraction * 100, places)}\u00a0%`;
}

/** UTC, to the minute: `2024-03-05 12:05`. */
export function momentText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** A decision or fill at a close is told by the instant after it: 12:04:59.999 reads 12:05. */
export function closeText(timeMs: number): string {
  return momentText(timeMs + 1);
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const STEPS_MS = [5, 15, 30, 60, 180, 360, 720]
  .map((minutes) => minutes * MINUTE)
  .concat([1, 2, 7, 14].map((days) => days * DAY));
const STEPS_MONTHS = [1, 3, 6, 12, 24, 60, 120];

export interface TimeTick {
  readonly timeMs: number;
  readonly text: string;
}

/** Round times between two instants, at most about `count`: hours, days, months or years. */
export function timeTicks(fromMs: number, toMs: number, count: number): TimeTick[] {
  const roughMs = (toMs - fromMs) / Math.max(1, count);
  if (!(roughMs > 0)) return [];
  const stepMs = STEPS_MS.find((step) => step >= roughMs);
  if (stepMs === undefined) return monthTicks(fromMs, toMs, roughMs);
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil(fromMs / stepMs) * stepMs; at <= toMs; at += stepMs) {
    const text = momentText(at);
    // The first says the day, and so does every midnight.
    const hours = ticks.length === 0 ? text.slice(5) : text.slice(11);
    ticks.push({ timeMs: at, text: at % DAY === 0 ? text.slice(0, 10) : hours });
  }
  return ticks;
}

function monthTicks(fromMs: number, toMs: number, roughMs: number): TimeTick[] {
  const months = STEPS_MONTHS.find((step) => step * 32 * DAY >= roughMs) ?? 120;
  const first = new Date(fromMs);
  const start = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
  const ticks: TimeTick[] = [];
  for (let month = start; ; month += months) {
    const timeMs = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (timeMs > toMs) return ticks;
    const text = momentText(timeMs);
    if (timeMs >= fromMs) ticks.push({ timeMs, text: text.slice(0, months < 12 ? 7 : 4) });
  }
}
