import type { Action } from '../assistants/speech.ts';
import { netReturn } from '../judgement/outcome.ts';
import type { CandleSeries } from '../market/candle-series.ts';
import { type Comparison, comparisonOf, favourWords } from './checks.ts';
import type { PromotionCheck, ValidationRow } from './contract.ts';
import { CloseSums, estimateMean, leastBlockOf, meanOfColumn, studentAbove } from './mean-test.ts';
import type { CandidateFacts, PromotionTerms } from './promotion.ts';
import { type Answer, callOf } from './validation.ts';

/** What would have been made with one unit of capital over the same rows, one call after another:
 * a call is entered at a row when none is open and left when its label settles, each with its
 * costs. Fractions: 0.1 is ten per cent. JSON-safe. */
export interface Held {
  /** BUY as a purchase, SELL as a short position. */
  readonly acting: number;
  readonly trades: number;
  /** Purchases alone: what a market without short positions allows. */
  readonly buying: number;
  /** The same with the calls of what it is held against. */
  readonly other: number;
  /** Bought at the open after the first row, kept to the close at which the last label settled,
   * costs paid once; `null`: candles of these rows are not on record. */
  readonly holding: number | null;
  /** Of purchases alone: a position that is held was bought. */
  readonly beatsHolding: boolean | null;
}

/** Acting on its calls, after costs, must not lose against the same calls of the other beyond
 * noise: the mean net return of a row (0 without a call) less the other's, on the same rows.
 * What holding made in the same time is always said beside it. */
export function paysCheck(
  facts: CandidateFacts,
  terms: PromotionTerms,
): { readonly check: PromotionCheck; readonly held: Held } {
  const comparison = comparisonOf(facts, terms);
  const { rows, other, name } = comparison;
  const { roundTripCost: cost } = facts.label;
  const sums = new CloseSums(2);
  let calls = 0;
  rows.forEach((row, at) => {
    const call = callOf(row);
    if (call !== 'HOLD') calls += 1;
    const net = netReturn(call, row.move, cost);
    sums.add(row.closeTimeMs, [net, net - netReturn(callOf(other[at] as Answer), row.move, cost)]);
  });
  const stretches = sums.stretches();
  const net = meanOfColumn(stretches, 1);
  const gain = estimateMean(stretches, 2, leastBlockOf(facts.label));
  const held = heldOf(comparison, facts.candles, cost);
  const figures = {
    comparedWith: name,
    rows: rows.length,
    calls,
    netReturn: net,
    gain: gain.mean,
    error: gain.error,
    ...{ acting: held.acting, trades: held.trades, buying: held.buying },
    ...{ other: held.other, holding: held.holding },
  };
  if (gain.mean === null || gain.error === null) {
    const words = `${rows.length} rows out of sample are too few to say whether its calls pay`;
    return { check: { name: 'pays', passed: false, words, figures }, held };
  }
  const loses = gain.mean + studentAbove(terms.level, gain.freedom) * gain.error < 0;
  const found = loses ? `loses against the ${name}` : `does not lose against the ${name}`;
  const size = `${basisPoints(gain.mean)} a row after costs, ${calls} calls`;
  const words = `${found} (${size}${favourWords(comparison)}); ${holdWords(held)}`;
  return { check: { name: 'pays', passed: !loses, words, figures }, held };
}

function heldOf({ rows, other }: Comparison, candles: CandleSeries | null, cost: number): Held {
  const own = chained(rows, (at) => callOf(rows[at] as ValidationRow), cost);
  const buying = chained(rows, (at) => onlyBuy(callOf(rows[at] as ValidationRow)), cost);
  const others = chained(rows, (at) => callOf(other[at] as Answer), cost);
  const holding = candles === null ? null : holdingOf(rows, candles, cost);
  return {
    acting: own.made,
    trades: own.trades,
    buying: buying.made,
    other: others.made,
    holding,
    beatsHolding: holding === null ? null : buying.made > holding,
  };
}

/** By the market's own prices: labels end at barriers, inside of candles, so what rows made one
 * after another is another thing (of 71,700 rows of bitcoin's five minutes a seventh was lost so,
 * while the price rose by a third). */
function holdingOf(
  rows: readonly ValidationRow[],
  candles: CandleSeries,
  cost: number,
): number | null {
  const firstMs = rows[0]?.closeTimeMs ?? Number.NaN;
  const lastMs = rows.reduce((last, row) => Math.max(last, row.settledAtMs), firstMs);
  const kept = candles.between(firstMs, lastMs);
  const before = candles.between(Number.NEGATIVE_INFINITY, firstMs);
  const [entry, exit] = [kept.at(0), kept.at(kept.length - 1)];
  const isWhole = before.at(before.length - 1)?.closeTimeMs === firstMs;
  if (!isWhole || entry === null || exit?.closeTimeMs !== lastMs) return null;
  return (exit.close / entry.open) * (1 - cost) - 1;
}

function onlyBuy(call: Action): Action {
  return call === 'BUY' ? 'BUY' : 'HOLD';
}

function chained(
  rows: readonly ValidationRow[],
  callAt: (at: number) => Action,
  cost: number,
): { readonly made: number; readonly trades: number } {
  let [worth, trades, busyMs] = [1, 0, Number.NEGATIVE_INFINITY];
  rows.forEach((row, at) => {
    if (row.closeTimeMs < busyMs) return;
    const call = callAt(at);
    if (call === 'HOLD') return;
    // A short position cannot lose more than there is.
    worth *= Math.max(0, 1 + netReturn(call, row.move, cost));
    trades += 1;
    busyMs = row.settledAtMs;
  });
  return { made: worth - 1, trades };
}

function holdWords({ acting, buying, trades, holding }: Held): string {
  const made =
    `acting on it made ${percent(acting)} in ${trades} trades ` +
    `(purchases alone ${percent(buying)})`;
  if (holding === null) return `${made}; what holding made is not on record`;
  const beaten =
    acting > holding
      ? 'it beats holding by selling short alone, which a spot market does not allow'
      : 'it does not beat holding';
  const verdict = buying > holding ? 'purchases alone beat holding' : beaten;
  return `${made}, holding ${percent(holding)}: ${verdict}`;
}

function percent(fraction: number): string {
  return `${fraction < 0 ? '-' : '+'}${Math.abs(100 * fraction).toFixed(1)} %`;
}

function basisPoints(fraction: number): string {
  return `${fraction < 0 ? '-' : '+'}${Math.abs(10_000 * fraction).toFixed(2)} basis points`;
}
