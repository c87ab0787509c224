export type TimeUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'iso8601';

/** Epoch numbers tell their unit by their length: 9 or 10 digits are seconds (1973 to 2286), 12 or
 * 13 milliseconds, 15 or 16 microseconds. Anything else (20240105, a row number) is not guessed
 * at. */
const UNIT_BY_DIGITS: Readonly<Record<number, TimeUnit>> = {
  9: 'seconds',
  10: 'seconds',
  12: 'milliseconds',
  13: 'milliseconds',
  15: 'microseconds',
  16: 'microseconds',
};

const DAY = /(\d{4})-(\d{2})-(\d{2})/;
const CLOCK = /[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?/;
const ZONE = /(Z|UTC|[+-]\d{2}:?\d{2})/;
const ISO = new RegExp(`^${DAY.source}(?:${CLOCK.source})? ?${ZONE.source}?$`);

/** Unix milliseconds of a time as candle files write it. Microseconds are cut to milliseconds (a
 * close time of …59,999,999 µs is …59,999 ms). A date alone is its 00:00; no zone means UTC. */
export function parseTime(
  text: string,
  allowed: readonly TimeUnit[],
): number | { readonly expected: string } {
  const expected = { expected: `a time in ${allowed.join(', ')}` };
  if (/^\d+$/.test(text)) {
    const unit = UNIT_BY_DIGITS[text.length];
    if (unit === undefined || !allowed.includes(unit)) return expected;
    if (unit === 'seconds') return Number(text) * 1_000;
    return unit === 'milliseconds' ? Number(text) : Math.floor(Number(text) / 1_000);
  }
  if (!allowed.includes('iso8601')) return expected;
  return parseIso(text) ?? expected;
}

function parseIso(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const fractionMs = Math.floor(Number(`0.${match[7] ?? 0}`) * 1_000);
  const local = Date.UTC(year, month - 1, day, hour, minute, second, fractionMs);
  const date = new Date(local);
  const rolledOver = date.getUTCDate() !== day || date.getUTCMonth() !== month - 1;
  if (rolledOver || hour > 23 || minute > 59 || second > 59 || year < 1970) return null;
  return local - zoneMs(match[8]);
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'UTC') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return sign * (hours * 60 + minutes) * 60_000;
}
