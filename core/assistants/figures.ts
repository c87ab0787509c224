/** Numbers as people read them, without locale: the same text on every machine. */

/** `0.0123` → `1.2 %`. */
export function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

/** A plain number: whole from 100 on, two decimals from 1 on, three digits below. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 1) return value.toFixed(2);
  return size === 0 ? '0' : value.toPrecision(3);
}

/** `-0.0123` → `fell 1.2 %`. */
export function went(change: number): string {
  return `${change < 0 ? 'fell' : 'rose'} ${percent(Math.abs(change))}`;
}

/** `-2.34` → `2.3 ATR below`: a distance in average true ranges, and its side. */
export function rangesAway(ranges: number): string {
  return `${Math.abs(ranges).toFixed(1)} ATR ${sideOf(ranges)}`;
}

export function sideOf(difference: number): 'above' | 'below' {
  return difference < 0 ? 'below' : 'above';
}

/** `2.34` → `2.3 times`. */
export function times(value: number): string {
  return `${value.toFixed(1)} times`;
}

/** `value` in units of `unit`; 0 where that says nothing (a unit of zero, or too small to
 * divide by). */
export function inUnitsOf(value: number, unit: number): number {
  const ratio = value / unit;
  return Number.isFinite(ratio) ? ratio : 0;
}

/** The number held between two bounds. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** 0 at `from`, 1 at `to`, straight between; `from` may be above `to`. */
export function ramp(value: number, from: number, to: number): number {
  return clamp((value - from) / (to - from), 0, 1);
}
