import { ROLES, type Role } from '../assistants/role.ts';
import type { Action, Stance } from '../assistants/speech.ts';
import type { Regime } from '../features/reading.ts';
import type { SettledMotion, SettledOpinion } from './contract.ts';

export const CANDLE_MS = 5 * 60_000;
export const FIRST_CLOSE_MS = Date.UTC(2024, 0, 1) - 1;

export interface MadeMotion {
  /** Candles after the first, and until its label settled. */
  readonly at: number;
  readonly took?: number;
  readonly label?: Action;
  readonly regime?: Regime;
  readonly symbol?: string;
  readonly firsts: Readonly<Partial<Record<Role, Stance>>>;
}

/** For tests: a settled motion in which the named assistants said something, the others nothing. */
export function motionOf(made: MadeMotion): SettledMotion {
  const { at, took = 12, label = 'BUY', regime = 'calm', symbol = 'BTC/USDT', firsts } = made;
  const closeTimeMs = FIRST_CLOSE_MS + at * CANDLE_MS;
  return {
    ...{ venue: 'paper', symbol, timeframe: '5m' },
    eventId: `${symbol} ${String(at).padStart(9, '0')}`,
    ...{ closeTimeMs, regime },
    outcome: {
      ...{ label, reached: label === 'HOLD' ? 'time' : 'target', ambiguous: false },
      settledAtMs: closeTimeMs + took * CANDLE_MS,
      ...{ entryPrice: 100, exitPrice: 101, candles: took, move: 0.01 },
    },
    opinions: ROLES.map((role): SettledOpinion => {
      const first = firsts[role] ?? null;
      return { role, first, firstConfidenceBp: first ? 6_000 : 0, last: first, choice: null };
    }),
    decision: null,
    forecasts: [],
  };
}

export function stance(buyBp: number, sellBp: number): Stance {
  return { buyBp, sellBp, holdBp: 10_000 - buyBp - sellBp };
}
