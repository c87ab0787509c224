import { ageMs, type Context, type Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { type Fixed, fixed, plain } from './fixed.ts';
import { isLive, VENUE } from './ours.ts';
import type { VenueTrade } from './venue-books.ts';

/** 3 and 10: what was traded is what was booked. */
export const MONEY_INVARIANTS: readonly Invariant[] = [
  {
    number: 3,
    says: 'Our fills and the venue’s trades are equal to the last digit; each has one transaction.',
    unchecked: null,
    check: fillsAreTrades,
  },
  {
    number: 10,
    says: 'Every transaction sums to zero; ledger, positions and venue balances agree.',
    unchecked:
      'realised results and average entry prices; an adjustment’s signature (none is ever ' +
      'written: any is a violation)',
    check: booksBalance,
  },
];

interface Fill {
  readonly account: string;
  readonly symbol: string;
  readonly trade_id: string;
  readonly client_order_id: string;
  readonly side: string;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly fee_asset: string;
  readonly ms: number;
}

const FILLS = `select account, symbol, trade_id, client_order_id, side, quantity, price, fee,
  fee_asset, market_time as ms from fills where venue = $1`;

async function fillsAreTrades(context: Context, tally: Tally): Promise<void> {
  const { db, venue } = context;
  const trades = new Map<string, VenueTrade>();
  for (const trade of venue?.trades ?? []) trades.set(keyOf(trade), trade);
  tally.venue += venue?.trades.length ?? 0;
  if (venue !== null && trades.size < venue.trades.length) {
    tally.violate('log', 'the venue gave one trade id twice');
  }
  tally.database += await db.stream<Fill>(FILLS, [VENUE], (fills) => {
    if (venue === null) return;
    for (const fill of fills) {
      const key = `${fill.account} ${fill.symbol} ${fill.trade_id}`;
      const trade = trades.get(key);
      trades.delete(key);
      const fault = trade === undefined ? 'the venue never traded it' : differenceOf(fill, trade);
      if (fault !== null) tally.violate(`${fill.client_order_id} trade ${fill.trade_id}`, fault);
    }
  });
  for (const trade of trades.values()) judgeUnbooked(context, trade, tally);
  await oneTransactionEach(context, tally);
}

function keyOf({ order, tradeId }: VenueTrade): string {
  return `${order.account} ${order.symbol} ${tradeId}`;
}

function differenceOf(fill: Fill, trade: VenueTrade): string | null {
  const { order } = trade;
  const texts = [
    ['order', fill.client_order_id, order.clientOrderId],
    ['side', fill.side, order.side],
    ['fee asset', fill.fee_asset, trade.feeAsset],
    ['time', String(fill.ms), String(trade.timeMs)],
  ] as const;
  const text = texts.find(([, own, theirs]) => own !== theirs);
  if (text) return `${text[0]} is ${text[1]}, the venue says ${text[2]}`;
  const amounts = [
    ['quantity', fill.quantity, trade.quantity],
    ['price', fill.price, trade.price],
    ['fee', fill.fee, trade.fee],
  ] as const;
  const amount = amounts.find(([, own, theirs]) => fixed(own) !== fixed(theirs));
  return amount ? `${amount[0]} is ${amount[1]}, the venue says ${amount[2]}` : null;
}

/** A trade we have not booked is under way for a minute; of an order that rests at the venue, until
 * the market has moved on twice, because only then does anybody ask about it. */
function judgeUnbooked(context: Context, trade: VenueTrade, tally: Tally): void {
  const { venue, ours, bounds } = context;
  const order = ours.orders.get(trade.order.clientOrderId);
  // Whose order nobody knows is the fourth invariant's.
  if (venue === null || order === undefined) return;
  const young = ageMs(context, trade.wallMs) <= bounds.settledMs;
  const resting = order.state === 'open' && venue.stepsSince(trade) <= 2;
  if (trade.n > venue.before || young || (resting && !context.settled)) tally.inFlight += 1;
  else {
    const text = `${trade.quantity} at ${trade.price} is not booked, the order is ${order.state}`;
    tally.violate(`${order.id} trade ${trade.tradeId}`, text);
  }
}

const BASE = `split_part(f.symbol, '/', 1)`;
const QUOTE = `split_part(f.symbol, '/', 2)`;

async function oneTransactionEach({ db }: Context, tally: Tally): Promise<void> {
  const wrong = await db.rows<{ id: string; trade: string; fault: string }>(
    `with entered as (
       select f.ctid as row,
         coalesce(sum(e.amount) filter (where e.account in ('available', 'reserved')
           and e.asset = ${BASE}), 0) as base,
         coalesce(sum(e.amount) filter (where e.account in ('available', 'reserved')
           and e.asset = ${QUOTE}), 0) as quote,
         coalesce(sum(e.amount) filter (where e.account = 'fees' and e.asset = f.fee_asset), 0)
           as fee,
         count(*) filter (where e.account = 'external'
           or e.asset not in (${BASE}, ${QUOTE}, f.fee_asset)) as other
       from fills f left join ledger_entries e on e.transaction_id = f.transaction_id
       group by f.ctid),
     moved as (
       select f.*, t.id, t.kind, t.reference, t.user_id as owner,
         e.base, e.quote, e.fee as charged, e.other,
         case when f.fee_asset = ${BASE} then f.fee else 0 end as base_fee,
         case when f.fee_asset = ${QUOTE} then f.fee else 0 end as quote_fee
       from fills f join entered e on e.row = f.ctid
       left join ledger_transactions t on t.id = f.transaction_id)
     select m.client_order_id as id, m.trade_id as trade,
       case when m.id is null then 'has no ledger transaction'
         when m.kind <> 'fill' or m.owner <> m.user_id
           or m.reference <> m.venue || ':' || m.account || ':' || m.symbol || ':' || m.trade_id
         then 'its ledger transaction is another''s'
         else 'its ledger entries are not what it moved' end as fault
     from moved m
     where m.id is null or m.kind <> 'fill' or m.owner <> m.user_id
       or m.reference <> m.venue || ':' || m.account || ':' || m.symbol || ':' || m.trade_id
       or m.other > 0 or m.charged <> m.fee
       or m.base <> case m.side when 'BUY' then m.quantity else -m.quantity end - m.base_fee
       or m.quote <> case m.side when 'BUY' then -1 else 1 end * m.quantity * m.price
         - m.quote_fee`,
  );
  for (const { id, trade, fault } of wrong) tally.violate(`${id} trade ${trade}`, fault);
  const stray = await db.rows<{ id: string; reference: string; fills: string }>(
    `select t.id, t.reference, count(f.trade_id) as fills
     from ledger_transactions t left join fills f on f.transaction_id = t.id
     where t.kind = 'fill' group by t.id, t.reference having count(f.trade_id) <> 1`,
  );
  for (const { id, reference, fills } of stray) {
    tally.violate(id, `books ${fills} fills as ${reference}, must be one`);
  }
}

async function booksBalance(context: Context, tally: Tally): Promise<void> {
  const { db } = context;
  tally.database += await db.count('select count(*) from ledger_entries');
  const unbalanced = await db.rows<{ id: string; asset: string; off: string }>(
    `select transaction_id as id, asset, sum(amount) as off from ledger_entries
     group by transaction_id, asset having sum(amount) <> 0`,
  );
  for (const { id, asset, off } of unbalanced) {
    tally.violate(id, `sums to ${plain(fixed(off))} ${asset}`);
  }
  const adjusted = await db.rows<{ id: string; reference: string }>(
    `select id, reference from ledger_transactions where kind = 'adjustment'`,
  );
  for (const { id, reference } of adjusted) {
    tally.violate(id, `adjusts ${reference} and nobody’s signature is on record`);
  }
  const empty = await db.rows<{ id: string }>(
    `select id from ledger_transactions t where not exists
       (select from ledger_entries e where e.transaction_id = t.id)`,
  );
  for (const { id } of empty) tally.violate(id, 'moves nothing');
  const sums = await db.rows<Sum>(SUMS);
  await sumsAgree(context, sums, tally);
  await reservesEnd(context, tally);
  await venueAgrees(context, sums, tally);
}

interface Sum {
  readonly account: string;
  readonly venue: string;
  readonly asset: string;
  readonly available: string;
  readonly reserved: string;
}

const SUMS = `select t.user_id::text as account, t.venue, e.asset,
    coalesce(sum(e.amount) filter (where e.account = 'available'), 0) as available,
    coalesce(sum(e.amount) filter (where e.account = 'reserved'), 0) as reserved
  from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
  where e.account in ('available', 'reserved') group by t.user_id, t.venue, e.asset`;

/** Portfolio rows and positions are running sums of the ledger. */
async function sumsAgree({ db }: Context, sums: readonly Sum[], tally: Tally): Promise<void> {
  const byOwner = new Map(
    sums.map((sum) => [`${sum.account} ${sum.venue} ${sum.asset}`, sum] as const),
  );
  const portfolios = await db.rows<Omit<Sum, 'asset'> & { readonly quote: string }>(
    `select user_id::text as account, venue, quote, available_balance as available,
       locked_balance as reserved from portfolio`,
  );
  for (const { account, venue, quote, available, reserved } of portfolios) {
    const sum = byOwner.get(`${account} ${venue} ${quote}`) ?? { available: '0', reserved: '0' };
    if (fixed(available) === fixed(sum.available) && fixed(reserved) === fixed(sum.reserved)) {
      continue;
    }
    const text = `portfolio says ${available} and ${reserved}, its ledger`;
    tally.violate(`${account} ${quote}`, `${text} ${sum.available} and ${sum.reserved}`);
  }
  const held = await db.rows<{ account: string; symbol: string; own: string; sum: string }>(
    `with moved as (
       select user_id, venue, symbol,
         sum(case side when 'BUY' then quantity else -quantity end
           - case when fee_asset = split_part(symbol, '/', 1) then fee else 0 end) as sum
       from fills group by user_id, venue, symbol)
     select coalesce(p.user_id, m.user_id)::text as account,
       coalesce(p.symbol, m.symbol) as symbol,
       coalesce(p.quantity, 0)::text as own, coalesce(m.sum, 0)::text as sum
     from positions p full join moved m using (user_id, venue, symbol)
     where coalesce(p.quantity, 0) <> coalesce(m.sum, 0)`,
  );
  for (const { account, symbol, own, sum } of held) {
    tally.violate(`${account} ${symbol}`, `position is ${own}, its fills make ${sum}`);
  }
}

/** What a leg reserved is gone once its order is over and booked. */
async function reservesEnd(context: Context, tally: Tally): Promise<void> {
  const { db, ours, bounds } = context;
  const rest = await db.rows<{ leg: string; rest: string }>(
    `select leg, sum(amount) as rest from (
       select t.reference as leg, e.amount from ledger_transactions t
         join ledger_entries e on e.transaction_id = t.id
       where t.kind in ('reserve', 'release') and e.account = 'reserved'
       union all
       select o.leg_id, e.amount from fills f join orders o using (client_order_id)
         join ledger_entries e on e.transaction_id = f.transaction_id
       where e.account = 'reserved') moved
     group by leg having sum(amount) <> 0`,
  );
  const newest = new Map<string, { live: boolean; ms: number }>();
  for (const order of ours.orders.values()) {
    const before = newest.get(order.legId);
    const live = isLive(order.state) || before?.live === true;
    newest.set(order.legId, { live, ms: Math.max(order.updatedAtMs, before?.ms ?? 0) });
  }
  const { halted: left } = await context.records();
  for (const { leg, rest: amount } of rest) {
    const order = newest.get(leg);
    const text = `still holds ${plain(fixed(amount))} in reserve`;
    if (fixed(amount) < 0n) tally.violate(leg, `gave back more than it had: ${amount}`);
    else if (order?.live || left.has(leg)) tally.inFlight += 1;
    else if (order && ageMs(context, order.ms) <= bounds.settledMs) tally.inFlight += 1;
    else tally.violate(leg, order ? `${text}, and its order is over` : `${text}, without an order`);
  }
}

/** Ledger and venue, both without what the ledger has not booked yet: equal to the last digit, at
 * any moment, whatever is under way. */
async function venueAgrees(context: Context, sums: readonly Sum[], tally: Tally): Promise<void> {
  const { db, venue, bounds } = context;
  if (venue === null) return;
  tally.venue += venue.totals.size;
  for (const { id, text } of venue.faults.filter((one) => !one.text.includes('missing'))) {
    tally.violate(id, text);
  }
  const booked = new Set<string>();
  await db.stream<{ key: string }>(
    `select account || ' ' || symbol || ' ' || trade_id as key from fills where venue = $1`,
    [VENUE],
    (rows) => {
      for (const { key } of rows) booked.add(key);
    },
  );
  const expected = new Map(venue.totals);
  for (const trade of venue.trades) if (!booked.has(keyOf(trade))) takeBack(expected, trade);
  const paid = await db.rows<{ key: string; total: string }>(
    `select t.user_id || ' ' || e.asset as key, sum(e.amount) as total
     from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
     where t.venue = $1 and t.kind = 'deposit' and e.account = 'available'
     group by t.user_id, e.asset`,
    [VENUE],
  );
  const deposits = new Map(paid.map(({ key, total }) => [key, fixed(total)]));
  for (const [key, { total, n, wallMs }] of venue.deposits) {
    const difference = (deposits.get(key) ?? 0n) - total;
    if (difference === 0n) continue;
    const young = n > venue.before || ageMs(context, wallMs) <= bounds.settledMs;
    if (!young)
      tally.violate(key, `paid in at the venue ${plain(total)}, ${plain(difference)} off`);
    else tally.inFlight += 1;
    expected.set(key, (expected.get(key) ?? 0n) + difference);
  }
  for (const { account, venue: name, asset, available, reserved } of sums) {
    if (name !== VENUE) continue;
    const key = `${account} ${asset}`;
    compare(key, { ledger: fixed(available) + fixed(reserved), venue: expected.get(key) }, tally);
    expected.delete(key);
  }
  for (const [key, amount] of expected) compare(key, { ledger: 0n, venue: amount }, tally);
}

function takeBack(totals: Map<string, Fixed>, trade: VenueTrade): void {
  const { account, symbol, side } = trade.order;
  const [base = '', quote = ''] = symbol.split('/');
  const sign = side === 'BUY' ? 1n : -1n;
  const move = (asset: string, amount: Fixed): void => {
    const key = `${account} ${asset}`;
    totals.set(key, (totals.get(key) ?? 0n) - amount);
  };
  const quantity = fixed(trade.quantity);
  move(base, sign * quantity);
  move(quote, (-sign * quantity * fixed(trade.price)) / fixed('1'));
  move(trade.feeAsset, -fixed(trade.fee));
}

function compare(
  key: string,
  { ledger, venue }: { readonly ledger: Fixed; readonly venue: Fixed | undefined },
  tally: Tally,
): void {
  if (ledger === (venue ?? 0n)) return;
  tally.violate(key, `ledger ${plain(ledger)}, venue ${plain(venue ?? 0n)}`);
}
