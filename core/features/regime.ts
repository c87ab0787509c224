import type { Regime } from './reading.ts';

/** What the regime is judged by. `null`: not warm yet. */
export interface RegimeFacts {
  /** `volatility20 / volatilityMean`: 1 is ordinary. */
  readonly volatilityRatio: number | null;
  /** 0 … 100. */
  readonly adx: number | null;
  readonly plusDi: number | null;
  readonly minusDi: number | null;
}

/** What an engine says before it knows better: the name that claims least. */
export const FIRST_REGIME: Regime = 'choppy';

/** Every regime is entered at a stricter level than it is left, so that a value trembling on one
 * line does not make a new regime (and a motion) of every candle. */
export const REGIME_LEVELS = {
  turbulent: { enter: 1.8, leave: 1.4 },
  trend: { enter: 25, leave: 20 },
  calm: { enter: 0.75, leave: 0.9 },
} as const;

/** The regime after one more candle, from the one before and the facts. In this order:
 *
 * 1. turbulent: volatility ratio ≥ 1.8, and until it falls below 1.4;
 * 2. trend up or down: ADX ≥ 25, and until it falls below 20 or the other DI leads; the larger DI
 *    names the direction;
 * 3. calm: volatility ratio ≤ 0.75, and until it rises above 0.9;
 * 4. choppy: everything else.
 *
 * While a fact it needs is `null`, a rule does not apply; with no facts at all the regime stays. */
export function nextRegime(previous: Regime, facts: RegimeFacts): Regime {
  const { volatilityRatio, adx } = facts;
  if (volatilityRatio === null && adx === null) return previous;
  if (isTurbulent(previous, volatilityRatio)) return 'turbulent';
  const trend = trendOf(previous, facts);
  if (trend !== null) return trend;
  return isCalm(previous, volatilityRatio) ? 'calm' : 'choppy';
}

function isTurbulent(previous: Regime, ratio: number | null): boolean {
  const { enter, leave } = REGIME_LEVELS.turbulent;
  return ratio !== null && ratio >= (previous === 'turbulent' ? leave : enter);
}

function isCalm(previous: Regime, ratio: number | null): boolean {
  const { enter, leave } = REGIME_LEVELS.calm;
  return ratio !== null && ratio <= (previous === 'calm' ? leave : enter);
}

function trendOf(previous: Regime, facts: RegimeFacts): Regime | null {
  const { adx, plusDi, minusDi } = facts;
  if (adx === null || plusDi === null || minusDi === null || plusDi === minusDi) return null;
  const direction = plusDi > minusDi ? 'trend_up' : 'trend_down';
  const { enter, leave } = REGIME_LEVELS.trend;
  return adx >= (previous === direction ? leave : enter) ? direction : null;
}
