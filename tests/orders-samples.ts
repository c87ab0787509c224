import type { Kysely } from 'kysely';
import { storeCandles } from '../adapters/store/candles.ts';
import { openDebate } from '../adapters/store/debates.ts';
import { recordDecisions } from '../adapters/store/decisions.ts';
import { storeInstruments } from '../adapters/store/instruments.ts';
import type { LegRequest } from '../adapters/store/intents.ts';
import { deposit } from '../adapters/store/ledger.ts';
import { recordMotions } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { addUser, ensureDefaults } from '../adapters/store/users.ts';
import type { Action } from '../core/assistants/speech.ts';
import { legId } from '../core/identity.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import { closeTimeOf, debateIdAt, decisionOn, motionAt, START_MS } from './store-samples.ts';

/** What the order tests trade: two symbols, and a user with 100,000 USDT each. */

export const INSTRUMENTS = ['BTC', 'ETH'].map((base) => ({
  symbol: `${base}/USDT`,
  base,
  quote: 'USDT',
  tickSize: '0.01',
  lotSize: '0.00001',
  minNotional: '5',
}));

export const FUNDS = '100000';

export interface Trader {
  readonly userId: string;
  readonly username: string;
}

export async function prepareMarket(db: Kysely<Database>): Promise<void> {
  await ensureDefaults(db);
  await storeInstruments(db, 'paper', INSTRUMENTS);
}

let people = 0;
let minute = 30;

/** These tests let prices jump and legs wait, which a user's own limits would not. */
const PATIENT = { priceBandBps: 5_000, maxDataAgeIntervals: 100 };

/** A fresh user with money. */
export async function fundedTrader(
  db: Kysely<Database>,
  riskLimits: Readonly<Record<string, unknown>> = {},
): Promise<Trader> {
  people += 1;
  const username = `trader-${people}`;
  const email = `${username}@localhost`;
  const config = { riskLimits: { ...PATIENT, ...riskLimits } };
  const { id: userId } = await addUser(db, { username, email, config });
  await deposit(db, {
    user: userId,
    venue: 'paper',
    asset: 'USDT',
    amount: FUNDS,
    reference: 'start',
    marketTime: START_MS,
  });
  return { userId, username };
}

/** The candle that closes then is stored: the last trade of its symbol. */
export async function traded(
  db: Kysely<Database>,
  at: { readonly symbol: string; readonly closeTimeMs: number; readonly close: number },
): Promise<void> {
  const { symbol, closeTimeMs, close } = at;
  const prices = { open: close, high: close, low: close, close, volume: 1 };
  const candle = { openTimeMs: closeTimeMs - 59_999, closeTimeMs, ...prices };
  await storeCandles(db, { venue: 'paper', symbol, timeframe: '1m', candles: [candle] });
}

/** A recorded decision of the ring, and the leg that follows from it. */
export async function decidedLeg(
  db: Kysely<Database>,
  trader: Trader,
  decided: { readonly action: Action; readonly side?: 'BUY' | 'SELL'; readonly symbol?: string },
): Promise<LegRequest> {
  minute += 1;
  const { action, symbol = 'BTC/USDT' } = decided;
  const { userId, username } = trader;
  const motion = motionAt(minute, symbol);
  const debateId = debateIdAt(minute);
  const closeTimeMs = closeTimeOf(minute);
  await recordMotions(db, [motion]);
  await traded(db, { symbol, closeTimeMs, close: 50_000 });
  await openDebate(db, { id: debateId, workflowId: debateId, timeframe: '1m', closeTimeMs });
  const decisions = [decisionOn(motion, username, action)];
  const recorded = await recordDecisions(db, { debateId, rounds: 1, contested: false, decisions });
  const decisionId = recorded[0]?.decision.id ?? '';
  return {
    legId: legId({ causeId: decisionId, username, leg: 0 }),
    leg: 0,
    cause: { kind: 'decision', id: decisionId },
    purpose: (decided.side ?? action) === 'SELL' ? 'exit' : 'entry',
    userId,
    venue: 'paper',
    symbol,
    side: decided.side ?? (action === 'SELL' ? 'SELL' : 'BUY'),
    closeTimeMs,
    referencePrice: '50000',
    confidenceBp: 10_000,
  };
}

/** A leg as the workflow is given it. */
export function orderInput(namespace: string, leg: LegRequest): OrderInput {
  return { namespace, ...leg };
}
