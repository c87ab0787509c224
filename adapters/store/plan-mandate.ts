import { Volatility } from '../../core/features/volatility.ts';
import type { Candle, Timeframe } from '../../core/market/candle.ts';
import { decimal } from '../../core/market/money.ts';
import type { OrderInput } from '../../core/orders/leg.ts';
import { type Refusal, refusal } from '../../core/risk/facts.ts';
import { readCandles } from './candles.ts';
import { fromJson } from './json.ts';
import type { Owner } from './ledger.ts';
import { newestLimits } from './plan-books.ts';
import { readPlan } from './plans.ts';
import type { Mandate } from './risk-facts.ts';
import type { Reader } from './store.ts';

/** What every plan's body may say of the candles its legs are judged by. */
interface PlannedMarket {
  readonly timeframe?: string;
  readonly marketVenue?: string;
}

/** What a plan over several symbols lists. */
interface PlannedLegs {
  readonly legs?: readonly {
    readonly symbol: string;
    readonly side: string;
    readonly quantity: string;
  }[];
}

/** What of a leg its plan has a say in. */
export type MandatedLeg = Owner &
  Pick<OrderInput, 'cause' | 'leg' | 'symbol' | 'side' | 'requestedQuantity'>;

/** The plan behind a leg, with its user's newest limits and the volatility of the newest candles. A
 * refusal when the plan does not ask for this order. Throws when there is no such plan of this
 * user. */
export async function planMandate(db: Reader, leg: MandatedLeg): Promise<Mandate | Refusal> {
  const plan = await readPlan(db, leg.cause.id);
  if (plan.userId !== leg.userId || plan.venue !== leg.venue || plan.kind !== leg.cause.kind) {
    throw new Error(`plan ${plan.id} must be a ${leg.cause.kind} of user ${leg.userId}`);
  }
  if (plan.symbol !== null && plan.symbol !== leg.symbol) {
    return refusal('not_decided', `the plan is about ${plan.symbol}`);
  }
  const { kind } = plan;
  if ((kind === 'guard' || kind === 'flatten') && leg.side !== 'SELL') {
    return refusal('not_decided', `a ${kind} only sells`);
  }
  const body = fromJson<PlannedMarket & PlannedLegs>(plan.body);
  const unplanned = body.legs ? beyondPlan(body.legs, leg) : null;
  if (unplanned) return unplanned;
  const market = await marketOf(db, { ...body, ...leg });
  return {
    limits: await newestLimits(db, leg.userId),
    volatilityBps: await volatilityBps(db, { ...market, symbol: leg.symbol }),
    ...market,
    approved: null,
  };
}

/** A plan that lists its legs asks for each of them once, and for no more of it. */
function beyondPlan(legs: NonNullable<PlannedLegs['legs']>, leg: MandatedLeg): Refusal | null {
  const planned = legs[leg.leg];
  if (planned?.symbol !== leg.symbol || planned.side !== leg.side) {
    return refusal('not_decided', `leg ${leg.leg} of the plan is no ${leg.side} of ${leg.symbol}`);
  }
  const wanted = leg.requestedQuantity;
  return wanted === undefined || decimal(wanted, 'requestedQuantity').gt(planned.quantity)
    ? refusal('not_decided', `${wanted ?? 'all'} wanted, the plan says ${planned.quantity}`)
    : null;
}

type Market = Pick<Mandate, 'timeframe' | 'marketVenue'>;

/** The candles the plan names, else those of the symbol that were stored last. */
async function marketOf(
  db: Reader,
  asked: PlannedMarket & { readonly venue: string; readonly symbol: string },
): Promise<Market> {
  const marketVenue = asked.marketVenue ?? asked.venue;
  if (asked.timeframe !== undefined) return { marketVenue, timeframe: asked.timeframe };
  const row = await db
    .selectFrom('candles')
    .select('timeframe')
    .where('venue', '=', marketVenue)
    .where('symbol', '=', asked.symbol)
    .orderBy('close_time', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { marketVenue, timeframe: row?.timeframe ?? '1m' };
}

async function volatilityBps(
  db: Reader,
  { marketVenue: venue, symbol, timeframe }: Market & { readonly symbol: string },
): Promise<number | null> {
  const indicator = new Volatility();
  const series = { venue, symbol, timeframe: timeframe as Timeframe };
  const candles: readonly Candle[] = await readCandles(db, {
    ...series,
    newest: indicator.warmUp,
  });
  for (const candle of candles) indicator.push(candle);
  const { current } = indicator.value;
  return current === null ? null : Math.ceil(current * 10_000);
}
