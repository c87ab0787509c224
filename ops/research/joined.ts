import { Decimal } from 'decimal.js';
import { type BacktestResult, RESULT_VERSION } from '../../core/backtest/result.ts';
import { hashOf } from '../../core/hash.ts';
import { CorroError } from '../../proto/errors.ts';

const WHOLE_BPS = 10_000;
/** Quote units are kept to so many decimals from one window to the next. */
const PLACES = 8;

/** What an account is left with when all it held at the end was sold at the last close, half the
 * spread and the taker's fee paid: a window must not hand on a profit nobody took. Decimal string,
 * quote units. */
export function leftAfterClosing({ curve, account }: BacktestResult): string {
  const equity = new Decimal(curve.equity.at(-1) ?? account.capital);
  const { takerFeeBps = 0, halfSpreadBps = 0 } = account.conditions;
  const cost = ((takerFeeBps + halfSpreadBps) / WHOLE_BPS) * (curve.exposure.at(-1) ?? 0);
  const left = equity.times(new Decimal(1).minus(cost)).toDecimalPlaces(PLACES, Decimal.ROUND_DOWN);
  if (left.gt(0)) return left.toFixed();
  throw new CorroError('failed', `a test window left nothing to go on with, ${left.toFixed()}`);
}

/** Several runs, each with what the one before it left, as one. */
export function joinResults(
  results: readonly BacktestResult[],
  { capital }: { readonly capital: string },
): BacktestResult {
  const [first] = results;
  const last = results.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('there must be a result');
  return {
    version: RESULT_VERSION,
    strategy: {
      name: `walk-forward:${first.strategy.name}`,
      version: first.strategy.version,
      parameters: { walkForward: results.map(({ strategy }) => strategy.parameters) },
    },
    gear: first.gear,
    data: joinedData(results),
    account: { ...first.account, capital },
    curve: joinedCurve(results),
    decisions: results.flatMap(({ decisions }) => decisions),
    orders: results.flatMap(({ orders }) => orders),
    fills: results.flatMap(({ fills }) => fills),
    trades: results.flatMap(({ trades }) => trades),
    counts: joinedCounts(results),
  };
}

/** The last close of a window shows what was left after closing, so that the costs of it are in the
 * curve. */
function joinedCurve(results: readonly BacktestResult[]): BacktestResult['curve'] {
  const timeMs = results.flatMap(({ curve }) => curve.timeMs);
  const exposure = results.flatMap(({ curve }) => curve.exposure);
  const equity = results.flatMap((result, at) =>
    at === results.length - 1
      ? result.curve.equity
      : [...result.curve.equity.slice(0, -1), Number(leftAfterClosing(result))],
  );
  return { timeMs, equity, exposure };
}

function joinedData(results: readonly BacktestResult[]): BacktestResult['data'] {
  const [first] = results as readonly [BacktestResult];
  const symbols = [...new Set(results.flatMap(({ data }) => data.series.map((one) => one.symbol)))];
  const series = symbols.sort().map((symbol) => {
    const parts = results.flatMap(({ data }) => data.series.filter((one) => one.symbol === symbol));
    return {
      symbol,
      candles: parts.reduce((sum, { candles }) => sum + candles, 0),
      holes: parts.reduce((sum, { holes }) => sum + holes, 0),
      hash: hashOf(parts.map(({ hash }) => hash)),
    };
  });
  const toMs = (results.at(-1) as BacktestResult).data.toMs;
  return { timeframe: first.data.timeframe, fromMs: first.data.fromMs, toMs, series };
}

function joinedCounts(results: readonly BacktestResult[]): BacktestResult['counts'] {
  const sum = (of: (counts: BacktestResult['counts']) => number): number =>
    results.reduce((total, { counts }) => total + of(counts), 0);
  return {
    candles: sum(({ candles }) => candles),
    closes: sum(({ closes }) => closes),
    decisions: sum(({ decisions }) => decisions),
    whyNoTrade: added(results.map(({ counts }) => counts.whyNoTrade)),
    verdicts: added(results.map(({ counts }) => counts.verdicts)),
    contested: sum(({ contested }) => contested),
    questionedPrints: sum(({ questionedPrints }) => questionedPrints),
  };
}

function added(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
