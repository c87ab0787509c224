import { ACTIONS, type Action } from '../assistants/speech.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { Random } from '../random.ts';
import type { ValidationRow } from './contract.ts';
import { CANDLE_MS, FIRST_CLOSE_MS } from './settled.fixture.ts';
import type { Answer } from './validation.ts';

/** For tests: labels that settle after up to `horizon` candles and so overlap, moves that go with
 * them, answers with as much knowledge of them as asked for. */
export interface MadeMarket {
  readonly rows: number;
  readonly horizon?: number;
  /** Of a candle's move. */
  readonly deviation?: number;
}

/** What came of each row. */
export interface CameOf {
  readonly closeTimeMs: number;
  readonly settledAtMs: number;
  readonly label: Action;
  readonly move: number;
}

/** A walk; barriers lie where time runs out often enough for every label to come. */
export function marketOf(seed: string, made: MadeMarket): readonly CameOf[] {
  const { rows, horizon = 12, deviation = 0.002 } = made;
  const random = new Random('market', seed);
  const steps = Array.from({ length: rows + horizon }, () => deviation * random.normal());
  const barrier = 0.9 * deviation * Math.sqrt(horizon);
  return Array.from({ length: rows }, (_, at) => {
    let [move, took] = [0, 0];
    while (took < horizon && Math.abs(move) < barrier) {
      move += steps[at + took] as number;
      took += 1;
    }
    const label = move >= barrier ? 'BUY' : move <= -barrier ? 'SELL' : 'HOLD';
    const closeTimeMs = FIRST_CLOSE_MS + at * CANDLE_MS;
    return { closeTimeMs, settledAtMs: closeTimeMs + took * CANDLE_MS, label, move };
  });
}

/** The market's candles from the first row's own to the last label's: each grows by `rate`, and the
 * first after the first row opens at 100. */
export function candlesOver(came: readonly CameOf[], rate: number): CandleSeries {
  const firstMs = came[0]?.closeTimeMs ?? 0;
  const lastMs = came.reduce((last, one) => Math.max(last, one.settledAtMs), firstMs);
  const count = Math.round((lastMs - firstMs) / CANDLE_MS) + 1;
  const numbers = Array.from({ length: count }, (_, at) => {
    const [open, close] = [100 * (1 + rate) ** (at - 1), 100 * (1 + rate) ** at];
    const openTimeMs = firstMs + 1 + (at - 1) * CANDLE_MS;
    return [openTimeMs, open, Math.max(open, close), Math.min(open, close), close, 1];
  });
  return new CandleSeries(CANDLE_MS, Float64Array.from(numbers.flat()));
}

/** Shares of the labels of a market. */
export function sharesOf(came: readonly CameOf[]): Answer {
  const share = (action: Action): number =>
    came.filter(({ label }) => label === action).length / came.length;
  return { buy: share('BUY'), sell: share('SELL'), hold: share('HOLD') };
}

/** Answers around the label shares. `noise` moves them without any knowledge (and stays for a
 * while, as a model's answers to neighbouring rows do). `skill`: the chance to have been told what
 * will come, else a label drawn blindly; whoever cannot tell which of both it was and says what
 * follows from it is calibrated. */
export function answersOf(
  seed: string,
  came: readonly CameOf[],
  { noise = 0, skill = 0 }: { readonly noise?: number; readonly skill?: number } = {},
): readonly ValidationRow[] {
  const random = new Random('answers', seed);
  const base = sharesOf(came);
  const shares = [base.buy, base.sell, base.hold] as const;
  const drift = [0, 0, 0];
  return came.map((one, at) => {
    const told = random.chance(skill) ? one.label : drawn(random, shares);
    const raw = ACTIONS.map((action, place) => {
      drift[place] = 0.9 * (drift[place] ?? 0) + Math.sqrt(0.19) * random.normal();
      const usual = shares[place] ?? 0;
      const moved = usual * Math.exp((noise / usual) * (drift[place] ?? 0));
      return (1 - skill) * moved + (action === told ? skill : 0);
    });
    const total = raw.reduce((sum, value) => sum + value, 0);
    const [buy = 0, sell = 0, hold = 0] = raw.map((value) => value / total);
    return {
      ...one,
      fold: Math.floor((5 * at) / came.length) + 1,
      ...{ buy, sell, hold },
      confidence: Math.max(buy, sell, hold),
      magnitude: 0.005,
      risk: 0.005,
    };
  });
}

function drawn(random: Random, shares: readonly [number, number, number]): Action {
  const place = random.unit();
  return place < shares[0] ? 'BUY' : place < shares[0] + shares[1] ? 'SELL' : 'HOLD';
}
