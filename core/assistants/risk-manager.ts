import type { Watch } from './character.ts';
import { percent, times } from './figures.ts';
import { mindOf } from './mind-of.ts';
import { drawdown, exposure, openPosition, wildness } from './senses/risk.ts';
import type { Snapshot } from './snapshot.ts';
import type { Veto } from './speech.ts';

/** Why the risk manager says no to more risk. Stored, counted and shown: codes are stable. */
export const VETOES = {
  not_warm: 'too few candles to judge the risk',
  volatility_extreme: 'one candle moves more than the house can bear',
  volatility_spike: 'the market is far wilder than usual',
  exposure_full: 'too much of equity is at stake already',
  drawdown_deep: 'equity has fallen too far from its peak',
} as const;
export type VetoCode = keyof typeof VETOES;

/** House limits of the debate. Each user's own limits are checked again before any order. */
const MOST_VOLATILITY = 0.02;
const MOST_VOLATILITY_RATIO = 2.2;
const MOST_EXPOSURE_BPS = 5_000;
const MOST_DRAWDOWN_BPS = 1_500;

const WATCHES: readonly Watch[] = [
  { sense: exposure, weight: 2 },
  { sense: wildness, weight: 2 },
  { sense: drawdown, weight: 1.5 },
  { sense: openPosition, weight: 2 },
];

/** Judges what is at stake and how wild the market is; the only one whose veto counts. */
export const riskManager = mindOf({
  role: 'risk_manager',
  openness: 1,
  watches: () => WATCHES,
  veto: (snapshot) => vetoOf(snapshot),
});

export function vetoOf(snapshot: Snapshot): Veto | null {
  const { volatility20, volatilityMean } = snapshot.reading.indicators;
  const { exposureBps, drawdownBps } = snapshot.holdings;
  if (volatility20 === null || volatilityMean === null)
    return veto('not_warm', 'no volatility yet');
  if (volatility20 > MOST_VOLATILITY) return veto('volatility_extreme', percent(volatility20));
  if (volatility20 > MOST_VOLATILITY_RATIO * volatilityMean) {
    return veto('volatility_spike', `${times(volatility20 / volatilityMean)} the usual`);
  }
  if (exposureBps >= MOST_EXPOSURE_BPS) return veto('exposure_full', percent(exposureBps / 10_000));
  if (drawdownBps >= MOST_DRAWDOWN_BPS) return veto('drawdown_deep', percent(drawdownBps / 10_000));
  return null;
}

function veto(code: VetoCode, found: string): Veto {
  return { code, text: `${VETOES[code]}: ${found}` };
}
