import type { Regime } from '../features/reading.ts';
import type { Watch } from './character.ts';
import { mindOf } from './mind-of.ts';
import { drift } from './senses/flow.ts';
import { foretold } from './senses/forecast.ts';
import { meansTrend, stretch } from './senses/strategy.ts';

export interface Mix {
  readonly trend: number;
  readonly momentum: number;
  readonly reversion: number;
}

/** The ensemble: which strategy counts how much in which regime. */
export const ENSEMBLE = {
  trend_up: { trend: 2, momentum: 2, reversion: 1 },
  trend_down: { trend: 2, momentum: 2, reversion: 1 },
  calm: { trend: 1, momentum: 0.5, reversion: 2 },
  choppy: { trend: 1, momentum: 1, reversion: 2 },
  turbulent: { trend: 1, momentum: 1, reversion: 1.5 },
} as const satisfies Record<Regime, Mix>;

function watchesOf({ trend, momentum, reversion }: Mix): readonly Watch[] {
  return [
    { sense: meansTrend, weight: trend },
    { sense: drift, weight: momentum },
    { sense: stretch, weight: reversion },
    { sense: foretold, weight: trend + momentum + reversion, optional: true },
  ];
}

const WATCHES = {
  trend_up: watchesOf(ENSEMBLE.trend_up),
  trend_down: watchesOf(ENSEMBLE.trend_down),
  calm: watchesOf(ENSEMBLE.calm),
  choppy: watchesOf(ENSEMBLE.choppy),
  turbulent: watchesOf(ENSEMBLE.turbulent),
} as const satisfies Record<Regime, readonly Watch[]>;

/** Runs rule strategies, mixed by regime: trend following, momentum, mean reversion. A model in
 * service weighs as much as all of them together; without one the view is theirs alone. */
export const strategist = mindOf({
  role: 'strategist',
  openness: 0.8,
  watches: (regime) => WATCHES[regime],
});
