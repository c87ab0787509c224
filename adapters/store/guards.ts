import type { Kysely, Selectable } from 'kysely';
import { planId } from '../../core/identity.ts';
import type { Candle, Timeframe } from '../../core/market/candle.ts';
import { decimal } from '../../core/market/money.ts';
import type { OrderInput } from '../../core/orders/leg.ts';
import { type GuardRules, guardRules, isDust, openGuard } from '../../core/risk/guard.ts';
import { type AtrFold, atrBefore, foldAtr, NO_ATR } from '../../core/risk/guard-atr.ts';
import type { Holding } from '../../core/risk/guard-record.ts';
import { parseRiskLimits, type RiskLimits } from '../../core/risk/limits.ts';
import type { GuardMemory, GuardRecord, GuardStatus } from '../../proto/guard.ts';
import { type Act, appendAudit } from './audit.ts';
import { readCandles } from './candles.ts';
import { findInstrument } from './instruments.ts';
import { fromJson, toJson } from './json.ts';
import { booksPartition, lockPortfolio } from './ledger.ts';
import { recordPlan } from './plans.ts';
import { sellableQuantity } from './positions.ts';
import type { Database, Guards, Plans } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';

/** Candles an average true range is folded from where no snapshot has one: Wilder's mean has
 * forgotten all but a millionth of what lies further back. */
const ATR_CANDLES = 200;

/** Opens the guard of the position an entry leg has bought, or finds the one that is open. Safe to
 * repeat. Null when there is nothing to guard: what was bought is gone, or less than a lot. */
export function openGuardOf(
  db: Kysely<Database>,
  entry: OrderInput,
  nameOf: (plan: string) => string,
): Promise<GuardRecord | null> {
  const { userId, venue, symbol } = entry;
  return transaction(db, async (trx) => {
    const { quote, tickSize, minNotional } = await findInstrument(trx, entry);
    await lockPortfolio(trx, { userId, venue, quote });
    const [open] = await listGuards(trx, { userId, venue, symbol, open: true });
    if (open) return open;
    const quantity = await sellableQuantity(trx, entry);
    if (quantity === '0') return null;
    const { username, limits } = await ownerOf(trx, entry);
    const earlier = await guardsOf(trx, entry.legId);
    const price = entry.referencePrice;
    if (earlier > 0 && isDust({ quantity, price, minNotional })) return null;
    // A trade that came after the guard of its own leg had closed.
    const reference = earlier === 0 ? entry.legId : `${entry.legId}-${earlier + 1}`;
    const id = planId({ kind: 'guard', username, venue, reference });
    const { entryPrice, lastFill } = await holdingOf(trx, { ...entry, planId: id });
    const openedAtMs = Math.max(entry.closeTimeMs, lastFill?.marketTimeMs ?? 0);
    const fillPrice = lastFill?.price ?? entryPrice;
    const { timeframe, atr } = await marketBefore(trx, entry);
    const rules = guardRules(limits);
    const bought = { timeframe, tickSize, quantity, entryPrice, fillPrice, openedAtMs, atr };
    const state = { ...openGuard(bought, rules), ...FRESH };
    const { stopPrice, targetPrice, entryAtr } = state;
    const body = { rules, timeframe, quantity, entryPrice, entryAtr, stopPrice, targetPrice };
    const common = { userId, venue, symbol, marketTimeMs: openedAtMs };
    await recordPlan(trx, { kind: 'guard', username, reference, body, ...common });
    await insertGuard(trx, { ...common, id, state, workflowId: nameOf(id) });
    const act = { act: 'guard-opened', reference: id, body: { entry: reference, ...body } };
    await appendAudit(trx, { partition: booksPartition(userId), ...act });
    return await readGuard(trx, id);
  });
}

/** How many guards an entry's leg has had. */
async function guardsOf(db: Reader, entryLeg: string): Promise<number> {
  const { count } = await db
    .selectFrom('plans')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('kind', '=', 'guard')
    .where((eb) =>
      eb.or([eb('reference', '=', entryLeg), eb('reference', 'like', `${entryLeg}-%`)]),
    )
    .executeTakeFirstOrThrow();
  return Number(count);
}

const FRESH = { nextLeg: 0, saves: 0, stuck: null, feed: null } as const;

/** Stores how a guard stands, with the act that brought it there; one act a save. A save that was
 * made before changes nothing. */
export function saveGuard(
  db: Kysely<Database>,
  { planId: id, userId, status, state }: GuardRecord,
  act: Omit<Act, 'reference'> | null,
): Promise<void> {
  return transaction(db, async (trx) => {
    if (!(await isNews(trx, id, state))) return;
    await trx
      .updateTable('guards')
      .set({
        status,
        state: toJson(state),
        stop_order: state.resting?.clientOrderId ?? null,
        market_time: new Date(state.lastCloseMs),
      })
      .where('plan_id', '=', id)
      .execute();
    if (act === null) return;
    await appendAudit(trx, { partition: booksPartition(userId), reference: id, ...act });
  });
}

/** Closes a guard whose position is gone. For the rules' cooldown from `atMs` on, nothing is bought
 * in the symbol again. Says false and closes nothing when other than `left` is held by now: an
 * entry that was booked in between has found this guard open and relies on it. */
export function closeGuard(
  db: Kysely<Database>,
  guard: GuardRecord,
  given: { readonly reason: string; readonly atMs: number; readonly left: string },
): Promise<boolean> {
  const { planId: id, userId, venue, rules, state } = guard;
  const { reason, atMs, left } = given;
  return transaction(db, async (trx) => {
    const { quote } = await findInstrument(trx, guard);
    await lockPortfolio(trx, { userId, venue, quote });
    if (!(await isNews(trx, id, state))) return true;
    if (!decimal(await sellableQuantity(trx, guard)).eq(left)) return false;
    const cooldownUntilMs = atMs + rules.cooldownMinutes * 60_000;
    await trx
      .updateTable('guards')
      .set({
        status: 'closed',
        state: toJson(state),
        stop_order: null,
        market_time: new Date(state.lastCloseMs),
        closed_at: new Date(atMs),
        close_reason: reason,
        cooldown_until: new Date(cooldownUntilMs),
      })
      .where('plan_id', '=', id)
      .execute();
    const body = { reason, atMs, cooldownUntilMs, stopPrice: state.stopPrice };
    const act = { act: 'guard-closed', reference: id, body };
    await appendAudit(trx, { partition: booksPartition(userId), ...act });
    return true;
  });
}

export interface GuardFilter {
  readonly userId?: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly planId?: string;
  /** Only those whose position is held. */
  readonly open?: boolean;
}

/** Guards by symbol and username: the order in which they are told of candles, so that who sells
 * first is nobody's luck. */
export async function listGuards(
  db: Reader,
  { userId, venue, symbol, planId: id, open }: GuardFilter = {},
): Promise<readonly GuardRecord[]> {
  const rows = await db
    .selectFrom('guards as g')
    .innerJoin('plans as p', 'p.id', 'g.plan_id')
    .innerJoin('users as u', 'u.id', 'g.user_id')
    .selectAll('g')
    .select(['p.body', 'u.username'])
    .$if(userId !== undefined, (query) => query.where('g.user_id', '=', userId ?? ''))
    .$if(venue !== undefined, (query) => query.where('g.venue', '=', venue ?? ''))
    .$if(symbol !== undefined, (query) => query.where('g.symbol', '=', symbol ?? ''))
    .$if(id !== undefined, (query) => query.where('g.plan_id', '=', id ?? ''))
    .$if(open === true, (query) => query.where('g.status', '<>', 'closed'))
    .orderBy('g.symbol')
    .orderBy('u.username')
    .orderBy('g.market_time')
    .execute();
  return rows.map(recordOf);
}

/** One guard; null when there is none of that plan. */
export async function readGuard(db: Reader, id: string): Promise<GuardRecord | null> {
  return (await listGuards(db, { planId: id }))[0] ?? null;
}

/** What is held of a guard's symbol, and which of its orders may be live. */
export async function holdingOf(
  db: Reader,
  of: Pick<GuardRecord, 'planId' | 'userId' | 'venue' | 'symbol'>,
): Promise<Holding> {
  const { userId, venue, symbol } = of;
  const position = await db
    .selectFrom('positions')
    .select('entry_price')
    .where('user_id', '=', userId)
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .executeTakeFirst();
  const last = await db
    .selectFrom('fills as f')
    .innerJoin('orders as o', 'o.client_order_id', 'f.client_order_id')
    .innerJoin('intents as i', 'i.leg_id', 'o.leg_id')
    .select(['f.price', 'f.market_time as at', 'i.purpose'])
    .where('f.user_id', '=', userId)
    .where('f.venue', '=', venue)
    .where('f.symbol', '=', symbol)
    .orderBy('f.market_time', 'desc')
    .orderBy('f.recorded_at', 'desc')
    // Venues number trades: 10 comes after 9.
    .orderBy((eb) => eb.fn('length', ['f.trade_id']), 'desc')
    .orderBy('f.trade_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const live = await db
    .selectFrom('orders as o')
    .innerJoin('intents as i', 'i.leg_id', 'o.leg_id')
    .select('o.client_order_id as id')
    .where('i.plan_id', '=', of.planId)
    .where('o.state', 'in', ['prepared', 'sent', 'unknown', 'open'])
    .orderBy('i.leg')
    .execute();
  return {
    quantity: await sellableQuantity(db, of),
    entryPrice: position?.entry_price ?? '0',
    lastFill: last
      ? { price: last.price, marketTimeMs: last.at.getTime(), purpose: last.purpose }
      : null,
    live: live.map(({ id }) => id),
    minNotional: (await findInstrument(db, of)).minNotional,
  };
}

type GuardRow = Selectable<Guards> & Pick<Selectable<Plans>, 'body'> & { username: string };

function recordOf(row: GuardRow): GuardRecord {
  return {
    planId: row.plan_id,
    workflowId: row.workflow_id,
    userId: row.user_id,
    username: row.username,
    venue: row.venue,
    symbol: row.symbol,
    rules: fromJson<{ readonly rules: GuardRules }>(row.body).rules,
    status: row.status as GuardStatus,
    state: fromJson<GuardMemory>(row.state),
  };
}

async function insertGuard(
  trx: Writer,
  guard: Pick<GuardRecord, 'userId' | 'venue' | 'symbol' | 'workflowId' | 'state'> & {
    readonly id: string;
    readonly marketTimeMs: number;
  },
): Promise<void> {
  const { id, userId, venue, symbol, workflowId, state, marketTimeMs } = guard;
  await trx
    .insertInto('guards')
    .values({
      ...{ plan_id: id, user_id: userId, venue, symbol, workflow_id: workflowId },
      status: 'watching',
      state: toJson(state),
      market_time: new Date(marketTimeMs),
    })
    .execute();
}

/** False for a save that was made before. Holds the row until the transaction ends. */
async function isNews(trx: Writer, id: string, state: GuardMemory): Promise<boolean> {
  const row = await trx
    .selectFrom('guards')
    .select('state')
    .where('plan_id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return fromJson<GuardMemory>(row.state).saves < state.saves;
}

/** Whose entry it was, with the limits it was decided under; those of today where none was. */
async function ownerOf(
  trx: Writer,
  { userId, cause }: OrderInput,
): Promise<{ readonly username: string; readonly limits: RiskLimits }> {
  const { username } = await trx
    .selectFrom('users')
    .select('username')
    .where('id', '=', userId)
    .executeTakeFirstOrThrow();
  const row = await trx
    .selectFrom('user_config as c')
    .leftJoin('decisions as d', (join) =>
      join.onRef('d.config_version', '=', 'c.version').onRef('d.user_id', '=', 'c.user_id'),
    )
    .select('c.risk_limits')
    .where('c.user_id', '=', userId)
    .$if(cause.kind === 'decision', (query) => query.where('d.id', '=', cause.id))
    .orderBy('c.version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { username, limits: parseRiskLimits(row?.risk_limits ?? {}) };
}

interface MarketBefore {
  readonly timeframe: Timeframe;
  readonly atr: AtrFold;
}

/** The candles a guard follows, and their average true range before the entry: what the snapshot of
 * its decision says, else the newest candles that are stored. */
async function marketBefore(trx: Writer, entry: OrderInput): Promise<MarketBefore> {
  if (entry.cause.kind === 'decision') {
    const { snapshot } = await trx
      .selectFrom('decisions as d')
      .innerJoin('motions as m', 'm.event_id', 'd.event_id')
      .select('m.snapshot')
      .where('d.id', '=', entry.cause.id)
      .executeTakeFirstOrThrow();
    return snapshotBefore(fromJson<SnapshotMarket>(snapshot));
  }
  const { venue, symbol, closeTimeMs: toMs } = entry;
  const row = await trx
    .selectFrom('candles')
    .select('timeframe')
    .where('venue', '=', venue)
    .where('symbol', '=', symbol)
    .where('close_time', '<=', new Date(toMs))
    .orderBy('open_time', 'desc')
    .limit(1)
    .executeTakeFirst();
  const timeframe = (row?.timeframe ?? '1m') as Timeframe;
  const series = { venue, symbol, timeframe, toMs, newest: ATR_CANDLES };
  return { timeframe, atr: (await readCandles(trx, series)).reduce(foldAtr, NO_ATR) };
}

interface SnapshotMarket {
  readonly timeframe: Timeframe;
  readonly candles: readonly Candle[];
  readonly reading: { readonly indicators: { readonly atr14: number | null } };
}

function snapshotBefore({ timeframe, candles, reading }: SnapshotMarket): MarketBefore {
  const { atr14 } = reading.indicators;
  return { timeframe, atr: atrBefore({ candles, atr14 }) };
}
