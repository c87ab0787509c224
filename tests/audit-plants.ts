import type { LogLine, Plant } from './audit-floor.ts';

/** One violation to plant, and what must be said of it. */
export interface Planted extends Plant {
  readonly name: string;
  /** The invariants it breaks, all of them. */
  readonly breaks: readonly number[];
  /** What must be said of it. */
  readonly says: RegExp;
}

/** The first order of ours that was bought and filled. */
const BOUGHT = `(select client_order_id from orders join intents using (leg_id)
  where side = 'BUY' and state = 'filled' order by orders.recorded_at limit 1)`;
const LEG = `(select leg_id from orders where client_order_id = ${BOUGHT})`;
/** A decision that nothing was sent for and nobody was asked about. */
const QUIET = `(select id from decisions d where not exists
    (select from intents where decision_id = d.id) and not exists
    (select from escalations where decision_id = d.id) order by seq limit 1)`;

function orderLine(lines: readonly LogLine[]): LogLine {
  const found = lines.find((line) => line['type'] === 'order');
  if (found === undefined) throw new Error('the run must have an order in its log');
  return found;
}

function terms(line: LogLine): LogLine {
  return line['order'] as LogLine;
}

function append(lines: LogLine[], line: LogLine): void {
  lines.push({ ...line, n: lines.length + 1 });
}

export const PLANTED: readonly Planted[] = [
  {
    name: 'a second order of a leg at the venue',
    log: (lines) => {
      const line = orderLine(lines);
      const order = { ...terms(line), orderId: 999 };
      append(lines, { ...line, order, trades: [], balances: [] });
    },
    breaks: [1],
    says: /the venue accepted two orders of it/,
  },
  {
    name: 'an order given up that the venue has',
    sql: `update orders set state = 'never_arrived' where client_order_id = ${BOUGHT}`,
    breaks: [1, 11],
    says: /is never_arrived in our books, the venue accepted it/,
  },
  {
    name: 'a second live attempt',
    sql: `drop index orders_one_live;
      insert into orders select 'c2-' || substr(client_order_id, 4), leg_id, 2, venue, symbol,
        'open', null, 0, null, epoch from orders where client_order_id = ${BOUGHT};
      update orders set state = 'open' where client_order_id = ${BOUGHT}`,
    breaks: [1, 4, 5, 9, 11, 17],
    says: /has 2 live orders/,
  },
  {
    name: 'more executed than the leg',
    sql: `update orders set executed_quantity = 999 where client_order_id = ${BOUGHT}`,
    breaks: [2],
    says: /counts more executed than its leg/,
  },
  {
    name: 'another quantity at the venue than was approved',
    log: (lines) => {
      terms(orderLine(lines))['quantity'] = '0.9';
    },
    breaks: [2],
    says: /another quantity: 0.9/,
  },
  {
    name: 'a fill that is not the venue’s trade to the last digit',
    sql: `update fills set market_time = market_time + interval '1 ms'
      where client_order_id = ${BOUGHT}`,
    breaks: [3],
    says: /time is \d+, the venue says \d+/,
  },
  {
    name: 'a fill that was taken away',
    sql: `delete from fills where client_order_id = ${BOUGHT}`,
    breaks: [3, 9, 10],
    says: /is not booked, the order is filled/,
  },
  {
    name: 'an order at the venue that nobody here knows',
    log: (lines) => {
      const line = orderLine(lines);
      const order = { ...terms(line), orderId: 999, clientOrderId: 'stranger' };
      append(lines, { ...line, order, trades: [], balances: [] });
    },
    breaks: [4],
    says: /stranger unknown order/,
  },
  {
    name: 'an order that was written down after the venue had it',
    log: (lines) => {
      const line = orderLine(lines);
      line['wallMs'] = Number(line['wallMs']) - 60_000;
    },
    breaks: [4],
    says: /ms after it was taken/,
  },
  {
    name: 'a line taken out of the venue’s log',
    log: (lines) => void lines.splice(lines.length - 2, 1),
    breaks: [4],
    says: /is missing from the log/,
  },
  {
    name: 'an order without a used approval',
    sql: `update approvals set used_at = null where leg_id = ${LEG}`,
    breaks: [5],
    says: /was sent 1 times on 0 used approvals/,
  },
  {
    name: 'an approval used after it had expired',
    sql: `update approvals set used_at = expires_at + interval '1 s' where leg_id = ${LEG}`,
    breaks: [5],
    says: /was used after it had expired/,
  },
  {
    name: 'a decision of a debate that is not decided',
    sql: `update debates set status = 'open', decided_at = null, recorded_at = now()
      where id = (select debate_id from decisions where id = ${QUIET})`,
    breaks: [6],
    says: /is a decision of no decided debate/,
  },
  {
    name: 'a decision taken away',
    sql: `delete from decisions where id = ${QUIET}`,
    breaks: [6, 9],
    says: /is decided, it has no decision for somebody/,
  },
  {
    name: 'another verdict than the ballots make',
    sql: `update decisions set action = 'BUY', verdict = 'consensus', consensus_reached = true
      where id = ${QUIET}`,
    breaks: [7],
    says: /recorded consensus BUY, its ballots make/,
  },
  {
    name: 'a ballot exchanged after the vote',
    sql: `update utterances set content = jsonb_set(content, '{choice}',
        case content ->> 'choice' when 'SELL' then '"BUY"' else '"SELL"' end::jsonb)
      where message_id = (select message_id from utterances where kind = 'ballot'
        and content ->> 'choice' <> 'ABSTAIN' order by message_id limit 1)`,
    breaks: [7, 17],
    says: /voted (BUY|SELL) \d+, recorded/,
  },
  {
    name: 'a forged signature',
    sql: `update escalation_answers set signature = repeat('0', 128) where outcome = 'accepted'`,
    breaks: [8],
    says: /its signature does not fit/,
  },
  {
    name: 'an answer that outlives its question',
    sql: `update escalation_answers set expires_at = expires_at + interval '1 h'
      where outcome = 'accepted'`,
    breaks: [8],
    says: /outlives its question/,
  },
  {
    name: 'an answer by another person’s key',
    sql: `update user_keys set user_id = gen_random_uuid()`,
    breaks: [8],
    says: /is not signed by a key of whom was asked/,
  },
  {
    name: 'an act without its record',
    sql: `delete from audit where act = 'fill' and reference = ${BOUGHT}`,
    breaks: [9],
    says: /fill has 0 records, must be 1/,
  },
  {
    name: 'a record that was changed',
    sql: `update audit set body = body || '{"reason": "another"}' where act = 'halt-lifted'`,
    breaks: [9],
    says: /chain: record \d+ was changed/,
  },
  {
    name: 'a transaction that does not sum to zero',
    sql: `update ledger_entries set amount = amount + 1 where account = 'available'
      and transaction_id = (select id from ledger_transactions where kind = 'deposit' limit 1)`,
    breaks: [10],
    says: /sums to 1 USDT/,
  },
  {
    name: 'a position that its fills do not make',
    sql: `update positions set quantity = quantity + 1`,
    breaks: [10],
    says: /position is .*, its fills make/,
  },
  {
    name: 'a balance at the venue that its trades do not make',
    log: (lines) => {
      const line = orderLine(lines);
      const [[asset, free, locked]] = line['balances'] as [[string, string, string]];
      line['balances'] = [[asset, String(Number(free) + 1), locked]];
    },
    breaks: [10],
    says: /says .* USDT for .*; its trades make/,
  },
  {
    name: 'a state that went back',
    sql: `update orders set state = 'expired' where client_order_id = ${BOUGHT}`,
    breaks: [11],
    says: /is expired, its last record says order-filled/,
  },
  {
    name: 'a record of a way back',
    sql: `update audit set act = 'order-open' where seq = (select max(seq) from audit
      where reference = ${BOUGHT} and act = 'order-filled')
      and act = 'order-filled' and reference = ${BOUGHT};
      update audit set act = 'order-filled' where act = 'order-sent' and reference = ${BOUGHT}`,
    breaks: [9, 11],
    says: /went from order-prepared to order-filled/,
  },
  {
    name: 'an order prepared under a halt',
    sql: `update halts set placed_at = '2020-01-01'`,
    breaks: [12],
    says: /prepared under the halt drill/,
  },
  {
    name: 'an order the venue took under a halt',
    sql: `update halts set lifted_at = '2100-01-01'`,
    log: (lines) => {
      orderLine(lines)['wallMs'] = Date.now() + 3_600_000;
    },
    breaks: [12],
    says: /accepted \d+ ms after the halt drill/,
  },
  {
    name: 'an epoch that went back',
    sql: `update leases set epoch = 1 where name = 'leg-' || ${LEG}`,
    breaks: [13],
    says: /acted with epoch 2, its lease is at 1/,
  },
  {
    name: 'a column of floats',
    sql: `alter table orders add column price double precision`,
    breaks: [14],
    says: /orders.price is a double precision/,
  },
  {
    name: 'money that is a JSON number',
    sql: `update plans set body = body || '{"limitPrice": 5}'`,
    breaks: [14],
    says: /plans .* holds/,
  },
  {
    name: 'a position above its limit',
    sql: `update approvals set limits = limits || '{"maxPositionBps": 1}' where leg_id = ${LEG}`,
    breaks: [16],
    says: /BTC\/USDT is worth .* of .* after trade/,
  },
  {
    name: 'an order larger than allowed',
    sql: `update approvals set limits = limits || '{"maxOrderQuote": "1"}' where leg_id = ${LEG}`,
    breaks: [16],
    says: /spent .*, at most 1 an order/,
  },
  {
    name: 'a snapshot that is not what its hash says',
    sql: `update motions set snapshot = snapshot || '{"news": 1}'
      where event_id = (select event_id from decisions where id = ${QUIET})`,
    breaks: [17],
    says: /its snapshot is not what its hash says/,
  },
  {
    name: 'a ledger id that does not follow',
    sql: `update ledger_entries set transaction_id = repeat('a', 64) where transaction_id =
        (select id from ledger_transactions where kind = 'deposit' limit 1);
      update ledger_transactions set id = repeat('a', 64) where kind = 'deposit'`,
    breaks: [17],
    says: /ledger id must be/,
  },
  {
    name: 'a quantity off the lot',
    sql: `update instruments set lot_size = 0.007`,
    breaks: [18],
    says: /quantity is off the lot/,
  },
  {
    name: 'an order nobody knows the end of',
    sql: `update orders set state = 'unknown', updated_at = now() - interval '1 h'
      where client_order_id = ${BOUGHT}`,
    breaks: [11, 19],
    says: /has been unknown for/,
  },
];
