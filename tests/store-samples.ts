import type { NewDecision } from '../adapters/store/decisions.ts';
import type { Motion } from '../adapters/store/motions.ts';
import { freezeSnapshot } from '../core/assistants/freeze.ts';
import { ROLES, type Role } from '../core/assistants/role.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Action, Opinion, Utterance } from '../core/assistants/speech.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { hashOf } from '../core/hash.ts';
import { eventId, messageId } from '../core/identity.ts';
import type { Candle } from '../core/market/candle.ts';

/** What the store's tests put into it: one small market, seen through the real features. */

export const START_MS = Date.UTC(2024, 7, 5);
const MINUTE_MS = 60_000;
export const DETECTOR_VERSION = 1;

export function closeTimeOf(minute: number): number {
  return START_MS + (minute + 1) * MINUTE_MS - 1;
}

function candlesUntil(minute: number): Candle[] {
  return Array.from({ length: minute + 1 }, (_, index) => {
    const open = 50_000 / 7 + index * 13.37;
    return {
      openTimeMs: START_MS + index * MINUTE_MS,
      closeTimeMs: closeTimeOf(index),
      open,
      high: open * 1.01,
      low: open * 0.99,
      close: open * 1.001,
      volume: 1e-7 * (index + 1),
    };
  });
}

/** The snapshot at the close of the n-th minute of the tape, from 0. */
export function snapshotAt(minute: number, symbol = 'BTC/USDT'): Snapshot {
  const candles = candlesUntil(minute);
  const engine = new FeatureEngine({ timeframe: '1m' });
  const readings = candles.map((candle) => engine.push(candle));
  const market = { venue: 'paper', symbol, timeframe: '1m' } as const;
  const closeTimeMs = closeTimeOf(minute);
  const detectorVersion = DETECTOR_VERSION;
  return freezeSnapshot({
    ...market,
    eventId: eventId({ ...market, kind: 'cadence', closeTimeMs, detectorVersion }),
    trigger: 'cadence',
    candles,
    reading: readings.at(-1) as (typeof readings)[number],
    holdings: {
      equity: '100000',
      cash: '100000',
      quantity: '0',
      entryPrice: '0',
      exposureBps: 0,
      drawdownBps: 0,
      openOrders: 0,
    },
    news: null,
  });
}

export function motionAt(minute: number, symbol = 'BTC/USDT'): Motion {
  const snapshot = snapshotAt(minute, symbol);
  return { debateId: debateIdAt(minute), detectorVersion: DETECTOR_VERSION, snapshot };
}

export function debateIdAt(minute: number): string {
  return `1m-${minute}`;
}

type Spoken = Extract<Utterance, { kind: 'opinion' }> & { readonly content: Opinion };

/** One assistant's first opinion on a motion, leaning to one action. */
export function opinionOn(motion: Motion, role: Role, action: Action = 'BUY'): Spoken {
  const { eventId: event, symbol } = motion.snapshot;
  const bp = (one: Action): number => (one === action ? 8_000 : 1_000);
  const address = { debateId: motion.debateId, eventId: event, round: 1, kind: 'opinion' } as const;
  return {
    ...address,
    symbol,
    role,
    messageId: messageId({
      ...address,
      from: 'ring',
      to: role,
      snapshotHash: hashOf(motion.snapshot),
      heard: [],
      weightsVersion: 1,
      modelDigest: null,
    }),
    content: {
      stance: { buyBp: bp('BUY'), sellBp: bp('SELL'), holdBp: bp('HOLD') },
      confidenceBp: 6_000,
      reasons: [
        {
          text: 'é "quoted", {braced} \\ NULL',
          evidence: [{ fact: 'candles.close', value: 1e-7 }],
        },
      ],
    },
  };
}

/** What one user's decision on a motion looks like; the facts are of the shape `judge` gives. */
export function decisionOn(motion: Motion, username: string, action: Action = 'HOLD'): NewDecision {
  const { eventId: event, symbol, closeTimeMs } = motion.snapshot;
  return {
    eventId: event,
    username,
    symbol,
    closeTimeMs,
    snapshotHash: hashOf(motion.snapshot),
    action,
    verdict: action === 'HOLD' ? 'no_consensus' : 'consensus',
    confidenceBp: 6_000,
    votes: ROLES.map((role) => ({
      role,
      status: 'counted',
      choice: action,
      confidenceBp: 6_000,
      shareBp: 1_428,
      worthBp: 10_000,
      why: 'as in the opinion',
    })),
    reasoning: [
      {
        role: 'auditor',
        round: 1,
        action,
        confidenceBp: 6_000,
        text: 'fresh and grounded',
        evidence: [{ fact: 'reading.indicators.rsi14', value: 55.123_456_789 }],
        movedBy: null,
      },
    ],
    arms: {
      bestSingle: null,
      voteWithoutDebate: { kind: 'inquorate', action: 'HOLD', confidenceBp: 0 },
      hold: { action: 'HOLD' },
    },
    weightsVersion: 1,
    configVersion: 1,
    rulesVersion: 1,
    silent: [],
  };
}
