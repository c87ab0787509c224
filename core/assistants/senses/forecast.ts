import type { Forecast } from '../../models/forecast.ts';
import { cite, senseOf } from './sense.ts';

const WHOLE_BP = 10_000;

/** -1 … 1: by how much a rise is likelier than a fall, less what drift has taken of the vote. */
export function forecastLean({ buyBp, sellBp, worthBp }: Forecast): number {
  return ((buyBp - sellBp) * worthBp) / (WHOLE_BP * WHOLE_BP);
}

/** 0 … 1: how likely it is that neither will have paid, less what drift has taken of the vote. */
export function forecastCaution({ holdBp, worthBp }: Forecast): number {
  return (holdBp * worthBp) / (WHOLE_BP * WHOLE_BP);
}

/** What the market's champion makes of the reading. Its worth is taken off here, so that it weighs
 * no more with those whom it is shown than with the strategist; without any worth it is silent. */
export const foretold = senseOf((snapshot) => {
  const { forecast } = snapshot;
  if (forecast === undefined || forecast.worthBp === 0) return null;
  const cited = cite(snapshot, [
    'forecast.buyBp',
    'forecast.sellBp',
    'forecast.holdBp',
    'forecast.confidenceBp',
    'forecast.worthBp',
  ]);
  if (cited === null) return null;
  return {
    lean: forecastLean(forecast),
    caution: forecastCaution(forecast),
    words: () => wordsOf(forecast),
    evidence: cited.evidence,
  };
});

function wordsOf({ model, ...forecast }: Forecast): string {
  const { buyBp, sellBp, holdBp, confidenceBp, worthBp } = forecast;
  const shares = `a rise ${share(buyBp)}, a fall ${share(sellBp)}, nothing ${share(holdBp)}`;
  const counted = worthBp < WHOLE_BP ? `; its vote counts ${share(worthBp)}` : '';
  return `model ${model.slice(0, 8)} gives ${shares}; ${share(confidenceBp)} sure${counted}`;
}

function share(bp: number): string {
  return `${Math.round(bp / 100)} %`;
}
