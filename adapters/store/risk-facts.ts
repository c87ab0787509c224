import { sql } from 'kysely';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import type { Approved } from '../../core/debate/answer.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { Decimal, decimal } from '../../core/market/money.ts';
import { type AtRisk, type JudgedBooks, riskFactsOf } from '../../core/risk/books.ts';
import { type Refusal, type RiskFacts, refusal } from '../../core/risk/facts.ts';
import { parseRiskLimits, type RiskLimits } from '../../core/risk/limits.ts';
import { readApproved } from './answers.ts';
import { haltAgainst } from './halts.ts';
import { fromJson } from './json.ts';
import { ledgerBalances, lockPortfolio, type Owner, reservedForLeg } from './ledger.ts';
import { readMarketFacts } from './market-facts.ts';
import { type MandatedLeg, planMandate } from './plan-mandate.ts';
import { positionsIn } from './positions.ts';
import type { Reader, Writer } from './store.ts';

/** Which order is judged, and for whom. */
export interface LegFacts extends Owner {
  readonly legId: string;
  readonly instrument: Instrument;
  readonly referencePrice: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
}

/** What a decision lets its user's money do. */
export interface Mandate {
  readonly limits: RiskLimits;
  readonly volatilityBps: number | null;
  readonly timeframe: string;
  readonly marketVenue: string;
  /** What a person allowed at most; null: nobody was asked. */
  readonly approved: Approved | null;
}

const DAY_MS = 86_400_000;

/** The decision behind a leg, with the limits that were the user's when it was made and the
 * volatility of the snapshot it judged. A refusal when it does not ask for this side, or when a
 * person was asked and no valid answer says yes. Throws when there is no such decision of this
 * user. */
export async function readMandate(db: Reader, leg: MandatedLeg): Promise<Mandate | Refusal> {
  const halt = await haltAgainst(db, leg);
  if (halt) return refusal('halted', `${halt.name} (${halt.level}): ${halt.reason}`);
  if (leg.cause.kind !== 'decision') return planMandate(db, leg);
  const { mandate, decision } = await decidedMandate(db, {
    decisionId: leg.cause.id,
    userId: leg.userId,
  });
  if (decision.symbol !== leg.symbol) {
    return refusal('not_decided', `the decision is about ${decision.symbol}`);
  }
  // A question put to a person about the decision is answered by that person and by nobody else;
  // where none was put, the ring's own consensus is the mandate.
  const approved = await readApproved(db, { decisionId: leg.cause.id, side: leg.side });
  if (approved !== null) return 'refused' in approved ? approved : { ...mandate, approved };
  const decided = decision.consensusReached && decision.action === leg.side;
  return decided ? mandate : refusal('not_decided', `it says ${decision.action}`);
}

/** What a decision was, and what its user's limits and the market's volatility then were. Throws
 * when there is no such decision of this user. */
export async function decidedMandate(
  db: Reader,
  { decisionId, userId }: { readonly decisionId: string; readonly userId: string },
): Promise<{ readonly mandate: Mandate; readonly decision: Decided }> {
  const row = await db
    .selectFrom('decisions as d')
    .innerJoin('motions as m', 'm.event_id', 'd.event_id')
    .leftJoin('user_config as c', (join) =>
      join.onRef('c.user_id', '=', 'd.user_id').onRef('c.version', '=', 'd.config_version'),
    )
    .select(['d.action', 'd.consensus_reached', 'd.symbol', 'c.risk_limits'])
    .select(['m.snapshot', 'm.timeframe', 'm.venue'])
    .where('d.id', '=', decisionId)
    .where('d.user_id', '=', userId)
    .executeTakeFirst();
  if (!row) throw new Error(`decision ${decisionId} of user ${userId} must exist`);
  const { reading } = fromJson<Pick<Snapshot, 'reading'>>(row.snapshot);
  const sigma = reading.indicators.volatility20;
  const { action, consensus_reached: consensusReached, symbol } = row;
  return {
    decision: { action, consensusReached, symbol },
    mandate: {
      limits: parseRiskLimits(row.risk_limits ?? {}),
      volatilityBps: sigma === null ? null : Math.ceil(sigma * 10_000),
      timeframe: row.timeframe,
      marketVenue: row.venue,
      approved: null,
    },
  };
}

interface Decided {
  readonly action: string;
  readonly consensusReached: boolean;
  readonly symbol: string;
}

/** The user's books as the risk rules see them now. What this leg has reserved itself counts as
 * free. The caller's transaction then holds the user's portfolio row. A refusal when there is no
 * money. */
export async function readRiskFacts(
  trx: Writer,
  leg: LegFacts,
  mandate: Mandate,
): Promise<RiskFacts | Refusal> {
  await lockPortfolio(trx, { ...leg, quote: leg.instrument.quote });
  return lookAtRiskFacts(trx, leg, mandate);
}

/** The same without taking the books: what a preview may see, and what may have moved on a moment
 * later. */
export async function lookAtRiskFacts(
  trx: Reader,
  leg: LegFacts,
  mandate: Mandate,
): Promise<RiskFacts | Refusal> {
  const { instrument } = leg;
  const { quote } = instrument;
  const portfolio = await trx
    .selectFrom('portfolio')
    .selectAll()
    .where('user_id', '=', leg.userId)
    .where('venue', '=', leg.venue)
    .where('quote', '=', quote)
    .executeTakeFirst();
  if (!portfolio) return refusal('no_equity', `no ${quote} at ${leg.venue}`);
  const positions = await positionsIn(trx, { ...leg, quote });
  const balances = await ledgerBalances(trx, leg);
  const isOther = ({ symbol }: Positions[number]) => symbol !== instrument.symbol;
  const books: JudgedBooks = {
    instrument,
    referencePrice: leg.referencePrice,
    available: portfolio.available_balance,
    locked: portfolio.locked_balance,
    peak: portfolio.peak_balance,
    here: positions.find(({ symbol }) => symbol === instrument.symbol)?.quantity ?? '0',
    elsewhere: sum(positions.filter(isOther).map(worthOf)),
    freeBase: balances.find(({ asset }) => asset === instrument.base)?.available ?? '0',
    own: await reservedForLeg(trx, leg.legId),
    openBuys: await openBuys(trx, leg),
  };
  const price = decimal(leg.referencePrice, 'referencePrice');
  const own = { symbol: instrument.symbol, value: price.times(books.here) };
  const others = positions.filter(isOther).map((row) => {
    return { symbol: row.symbol, value: worthOf(row) };
  });
  const atRisk = [own, ...others, ...books.openBuys];
  const judged = { ...leg, symbol: instrument.symbol };
  return riskFactsOf(books, {
    dayStartEquity: await dayStartEquity(trx, leg, { mandate, positions }),
    volatilityBps: mandate.volatilityBps,
    ...(await readMarketFacts(trx, judged, { market: mandate, atRisk })),
  });
}

function worthOf(position: Positions[number]): Decimal {
  return decimal(position.quantity).times(position.current_price);
}

type Positions = Awaited<ReturnType<typeof positionsIn>>;

/** The most that the user's other live purchases may still spend, by symbol. */
async function openBuys(db: Reader, leg: LegFacts): Promise<readonly AtRisk[]> {
  const rows = await db
    .selectFrom('orders as o')
    .innerJoin('intents as i', 'i.leg_id', 'o.leg_id')
    .select([
      'i.symbol',
      sql<string>`sum(i.quantity * coalesce(i.limit_price, i.reference_price))`.as('most'),
    ])
    .where('o.state', 'in', ['prepared', 'sent', 'unknown', 'open'])
    .where('i.user_id', '=', leg.userId)
    .where('i.venue', '=', leg.venue)
    .where('i.side', '=', 'BUY')
    .where('i.leg_id', '<>', leg.legId)
    .groupBy('i.symbol')
    .orderBy('i.symbol')
    .execute();
  return rows.map(({ symbol, most }) => ({ symbol, value: Decimal.of(most) }));
}

/** Equity at 00:00 UTC of the leg's day, from the ledger and the last candles closed before, plus
 * what was paid in since. A position without such a candle counts at its current price: no loss is
 * made up. */
async function dayStartEquity(
  db: Reader,
  leg: LegFacts,
  { mandate, positions }: { readonly mandate: Mandate; readonly positions: Positions },
): Promise<Decimal> {
  const dayStart = new Date(Math.floor(leg.marketTimeMs / DAY_MS) * DAY_MS);
  const rows = await db
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_transactions as t', 't.id', 'e.transaction_id')
    .select(['e.asset', (eb) => eb.fn.sum<string>('e.amount').as('amount')])
    .where('t.user_id', '=', leg.userId)
    .where('t.venue', '=', leg.venue)
    .where('e.account', 'in', ['available', 'reserved'])
    .where((eb) => eb.or([eb('t.market_time', '<', dayStart), eb('t.kind', '=', 'deposit')]))
    .groupBy('e.asset')
    .execute();
  const amount = (asset: string) => decimal(rows.find((row) => row.asset === asset)?.amount ?? '0');
  let equity = amount(leg.instrument.quote);
  for (const { symbol, base, current_price: current } of positions) {
    const had = amount(base);
    if (had.isZero()) continue;
    const close = await lastClose(db, { ...mandate, symbol, before: dayStart });
    equity = equity.plus(had.times(close ?? current));
  }
  return equity;
}

async function lastClose(
  db: Reader,
  at: {
    readonly marketVenue: string;
    readonly symbol: string;
    readonly timeframe: string;
    readonly before: Date;
  },
): Promise<string | null> {
  const row = await db
    .selectFrom('candles')
    .select('close')
    .where('venue', '=', at.marketVenue)
    .where('symbol', '=', at.symbol)
    .where('timeframe', '=', at.timeframe)
    .where('open_time', '<', at.before)
    .orderBy('open_time', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.close ?? null;
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), Decimal.of(0));
}
