import type { Interval } from '../../../core/judgement/assessment.ts';
import { grouped, percentText } from './page/scale.ts';

/** Figures as every form of the report writes them. What is not known is a dash, never zero. */
const UNKNOWN = '—';

export function percentOf(fraction: number | null, places = 2): string {
  return fraction === null ? UNKNOWN : percentText(fraction, places);
}

/** With its sign, for differences. */
export function signedPercent(fraction: number | null, places = 2): string {
  if (fraction === null) return UNKNOWN;
  const text = percentText(fraction, places);
  return fraction > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export function numberOf(value: number | null, places = 2): string {
  return value === null ? UNKNOWN : grouped(value, places);
}

export function signedNumber(value: number | null, places = 2): string {
  if (value === null) return UNKNOWN;
  const text = grouped(value, places);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export function rangeOf(
  interval: Interval | null,
  write: (value: number) => string = percentOf,
): string {
  return interval === null ? UNKNOWN : `${write(interval.low)} … ${write(interval.high)}`;
}

/** Money as it stands in the books, shortened for reading. */
export function moneyOf(amount: string | null, places = 2): string {
  return amount === null ? UNKNOWN : grouped(Number(amount), places);
}

/** `5,400,000` ms → `1.5 hours`. */
export function spanText(lengthMs: number): string {
  const hours = lengthMs / 3_600_000;
  if (hours < 1) return `${numberOf(hours * 60, 0)} minutes`;
  return hours < 48 ? `${numberOf(hours, 1)} hours` : `${numberOf(hours / 24, 1)} days`;
}

/** `no_consensus` → `no consensus`. */
export function plain(code: string): string {
  return code.replaceAll('_', ' ');
}

/** With a capital and a full stop, no line broken before a percent sign; nothing stays nothing. */
export function sentence(text: string): string {
  if (text === '') return '';
  const words = text.replaceAll(' %', '\u00a0%');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
}
