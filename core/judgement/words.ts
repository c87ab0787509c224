import type { Difference, Interval } from './assessment.ts';

type Figures = Omit<Difference, 'words' | 'byRegime'>;

interface Names {
  readonly judged: string;
  readonly other: string;
}

/** A difference in one sentence. What is not shown is said not to be shown. */
export function wordsOf(figures: Figures, { judged, other }: Names): string {
  const { verdict, growth, growthInterval } = figures;
  if (verdict === 'equal') return `${judged} and ${other} made the same, close by close`;
  if (growth === null || growthInterval === null) {
    return `too few closes to tell ${judged} from ${other}`;
  }
  const range = `${level(growthInterval)} interval ${spanOf(growthInterval, percent)}`;
  const size = `${percent(growth)} of growth a year, ${range}`;
  const risk = riskWords(figures);
  if (verdict === 'undecided') {
    return `no difference shown between ${judged} and ${other}: ${size}${risk}`;
  }
  return `${judged} did ${verdict} than ${other}: ${size}${risk}`;
}

/** Only where the Sharpe ratio says something of its own. */
function riskWords({ verdict, sharpe, sharpeInterval }: Figures): string {
  if (sharpe === null || sharpeInterval === null) return '';
  const shown = sharpeInterval.low > 0 ? 'better' : sharpeInterval.high < 0 ? 'worse' : null;
  if (shown === null || shown === verdict) return '';
  const range = spanOf(sharpeInterval, plain);
  return `; for the risk taken it did ${shown} (Sharpe ratio ${plain(sharpe)}, ${range})`;
}

function level(interval: Interval): string {
  return `${Number((100 * interval.level).toPrecision(6))} %`;
}

function spanOf({ low, high }: Interval, write: (value: number) => string): string {
  return `${write(low)} to ${write(high)}`;
}

/** One decimal, two below one per cent: an account that is mostly cash differs by little. */
function percent(fraction: number): string {
  const value = 100 * fraction;
  return `${signed(value, Math.abs(value) < 1 ? 2 : 1)} %`;
}

function plain(value: number): string {
  return signed(value, 2);
}

function signed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '-' : '+'}${text}`;
}
