import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import pg from 'pg';
import { ROLES } from '../core/assistants/role.ts';
import { EQUAL_REGIME_WEIGHTS } from '../core/debate/weights.ts';
import { CHAIN_GENESIS, chainHash, hashOf } from '../core/hash.ts';
import { clientOrderId, decisionId, eventId, legId, parameterHash } from '../core/identity.ts';
import { Decimal, format } from '../core/market/money.ts';
import {
  depositTransaction,
  fillTransaction,
  type LedgerTransaction,
  releaseTransaction,
  reserveTransaction,
} from '../core/portfolio/ledger.ts';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import { JUDGED } from './audit-verdicts.ts';

/** Sound books of many orders, written straight into a database and a venue log, with the same ids,
 * hashes and chains the ring would have made. One fill an order. */

export const PEOPLE = 25;
const START_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;
const FUNDS = '10000';
const PRICE = '50000';
const SYMBOL = 'BTC/USDT';
const MOTIONS_A_BATCH = 40;

type Row = Readonly<Record<string, unknown>>;

interface Person {
  readonly id: string;
  readonly username: string;
  cash: Decimal;
  coins: Decimal;
}

export interface Books {
  readonly orders: number;
  readonly rows: number;
  readonly logLines: number;
}

export class BookWriter {
  readonly #client: pg.Client;
  readonly #log: WriteStream;
  readonly #heads = new Map<string, { seq: number; hash: string }>();
  readonly #people: readonly Person[];
  #pending = new Map<string, Row[]>();
  #lines = 0;
  #rows = 0;
  #trades = 0;

  private constructor(client: pg.Client, log: WriteStream) {
    this.#client = client;
    this.#log = log;
    this.#people = Array.from({ length: PEOPLE }, (_, at) => ({
      id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
      username: `person-${at}`,
      cash: Decimal.of(FUNDS),
      coins: Decimal.of(0),
    }));
  }

  /** Fills a freshly migrated database, and `logPath`. */
  static async write(url: string, logPath: string, orders: number): Promise<Books> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('set session_replication_role = replica; set synchronous_commit = off');
      const log = createWriteStream(logPath);
      const writer = new BookWriter(client, log);
      await writer.#open();
      const motions = Math.ceil(orders / PEOPLE);
      for (let minute = 0; minute < motions; minute += 1) {
        writer.#motion(minute);
        if (minute % MOTIONS_A_BATCH === 0) await writer.#flush();
      }
      await writer.#close();
      log.end();
      await once(log, 'finish');
      return { orders: motions * PEOPLE, rows: writer.#rows, logLines: writer.#lines };
    } finally {
      await client.end();
    }
  }

  async #open(): Promise<void> {
    const recorded_at = at(START_MS);
    const regime_weights = EQUAL_REGIME_WEIGHTS;
    this.#row('weights', { version: 1, regime_weights, reason: 'bench', recorded_at });
    const steps = { tick_size: '0.01', lot_size: '0.00001', min_notional: '5' };
    const market = { venue: 'paper', symbol: SYMBOL, base: 'BTC', quote: 'USDT' };
    this.#row('instruments', { ...market, ...steps });
    for (const { id, username } of this.#people) {
      const email = `${username}@localhost`;
      this.#row('users', { id, username, email, is_active: true, created_at: recorded_at });
      this.#row('user_config', {
        ...{ id, user_id: id, version: 1, created_at: recorded_at },
        ...{ assistant_weights: {}, custom_rules: {}, risk_limits: {} },
      });
      const configuration = { partition: 'configuration', atMs: START_MS };
      this.#audit({ ...configuration, act: 'user-added', reference: username, body: {} });
      this.#audit({ ...configuration, act: 'config-set', reference: `${username}:1`, body: {} });
      const reference = `paper:${id}:first`;
      const paid = depositTransaction({ reference, asset: 'USDT', amount: FUNDS });
      this.#post(id, paid, START_MS);
      const body = { asset: 'USDT', amount: FUNDS };
      this.#audit({ partition: `books-${id}`, atMs: START_MS, act: 'deposit', reference, body });
      this.#line({
        ...{ type: 'deposit', wallMs: START_MS, depositId: `${id}-first`, account: id },
        ...{ deposits: { USDT: FUNDS }, balances: [['USDT', FUNDS, '0']] },
      });
    }
    await this.#flush();
  }

  /** One event, its ballots, and for each person a decision that becomes an order. */
  #motion(minute: number): void {
    const closeTimeMs = START_MS + (minute + 1) * MINUTE_MS;
    const market = { venue: 'paper', symbol: SYMBOL, timeframe: '1m' as const };
    const id = eventId({ ...market, kind: 'cadence', closeTimeMs, detectorVersion: 1 });
    const action = minute % 2 === 0 ? 'BUY' : 'SELL';
    const debate = `1m-${minute}`;
    const snapshot = {
      ...{ ...market, eventId: id, closeTimeMs },
      reading: { regime: 'calm', indicators: { volatility20: 0.001, rsi14: 55.123456789 } },
      holdings: { quantity: action === 'BUY' ? '0' : '0.00999', equity: FUNDS },
      candles: Array.from({ length: 12 }, (_, step) => ({ close: 50_000 + step, volume: 1.5 })),
    };
    const recorded_at = at(closeTimeMs);
    this.#row('motions', {
      ...{ ...market, event_id: id, debate_id: debate, trigger: 'cadence', detector_version: 1 },
      ...{ close_time: recorded_at, started_at: recorded_at, recorded_at },
      ...{ snapshot, snapshot_hash: hashOf(snapshot) },
    });
    this.#row('debates', {
      ...{ id: debate, workflow_id: debate, timeframe: '1m', status: 'decided', rounds: 2 },
      ...{ contested: false, close_time: recorded_at, recorded_at, decided_at: recorded_at },
    });
    for (const role of ROLES) {
      const content = {
        choice: action,
        confidenceBp: 6_000,
        veto: null,
        strikes: [],
        reason: role,
      };
      this.#row('utterances', {
        ...{ debate_id: debate, event_id: id, symbol: SYMBOL, round: 2, kind: 'ballot', role },
        ...{ message_id: hashOf([id, role]), content, content_hash: hashOf(content), recorded_at },
      });
    }
    for (const person of this.#people) {
      const motion = { eventId: id, debate, closeTimeMs, snapshotHash: hashOf(snapshot) };
      this.#decide(person, { ...motion, action });
    }
  }

  #decide(person: Person, motion: Motion): void {
    const { eventId: event, debate, closeTimeMs, action, snapshotHash } = motion;
    const { username } = person;
    const id = decisionId({ eventId: event, username });
    const record = {
      ...{ id, debateId: debate, eventId: event, username, symbol: SYMBOL, closeTimeMs },
      ...{ snapshotHash, ...JUDGED[action], weightsVersion: 1, configVersion: 1, rulesVersion: 1 },
      silent: [],
    };
    const link = this.#audit({
      ...{ partition: 'decisions', atMs: closeTimeMs, act: 'decision', reference: id },
      body: { record: hashOf(record), username, symbol: SYMBOL, closeTimeMs, action },
    });
    const { verdict: kind, confidenceBp, votes, reasoning, arms } = record;
    this.#row('decisions', {
      ...{ seq: link.seq, id, debate_id: debate, event_id: event, user_id: person.id, action },
      ...{ symbol: SYMBOL, close_time: at(closeTimeMs), verdict: kind, votes, reasoning, arms },
      ...{ confidence_bp: confidenceBp, consensus_reached: true, silent: [] },
      ...{ weights_version: 1, config_version: 1, rules_version: 1, snapshot_hash: snapshotHash },
      ...{ prev_hash: link.previous, hash: link.hash, recorded_at: at(closeTimeMs) },
    });
    this.#order(person, { decision: id, action, atMs: closeTimeMs });
  }

  #order(
    person: Person,
    { decision, action, atMs }: { decision: string; action: Action; atMs: number },
  ): void {
    const leg = legId({ causeId: decision, username: person.username, leg: 0 });
    const quantity = action === 'BUY' ? '0.01' : '0.00999';
    const limitPrice = action === 'BUY' ? '50250' : '49750';
    const terms = { venue: 'paper', symbol: SYMBOL, side: action, quantity, limitPrice } as const;
    const parameters = { ...terms, type: 'LIMIT', timeInForce: 'IOC', stopPrice: null } as const;
    const hash = parameterHash(parameters);
    const order = clientOrderId({ legId: leg, attempt: 1, parameterHash: hash });
    const approval = hashOf(['approval', leg, 1, hash]);
    const recorded_at = at(atMs);
    this.#row('intents', {
      ...{ leg_id: leg, decision_id: decision, user_id: person.id, leg: 0, venue: 'paper' },
      ...{ symbol: SYMBOL, side: action, type: 'LIMIT', time_in_force: 'IOC', quantity },
      ...{ limit_price: limitPrice, reference_price: PRICE, parameter_hash: hash },
      ...{ market_time: recorded_at, recorded_at, purpose: action === 'BUY' ? 'entry' : 'exit' },
    });
    this.#row('approvals', {
      ...{ id: approval, leg_id: leg, parameter_hash: hash, limits: DEFAULT_LIMITS },
      ...{ expires_at: at(atMs + 300_000), used_at: recorded_at, recorded_at },
    });
    this.#row('leases', { name: `leg-${leg}`, holder: 'bench', epoch: 2, expires_at: recorded_at });
    this.#trades += 1;
    this.#row('orders', {
      ...{ client_order_id: order, leg_id: leg, attempt: 1, venue: 'paper', symbol: SYMBOL },
      ...{ state: 'filled', venue_order_id: String(this.#trades), executed_quantity: quantity },
      ...{ epoch: 2, signed_at: recorded_at, recorded_at, updated_at: recorded_at },
    });
    const books = { partition: `books-${person.id}`, atMs, reference: order };
    const facts = { legId: leg, attempt: 1, venueOrderId: null };
    const prepared = { ...parameters, account: person.id, parameterHash: hash };
    this.#audit({
      ...{ ...books, act: 'order-prepared' },
      body: { ...facts, executedQuantity: '0', epoch: '1', ...prepared, approvalId: approval },
    });
    const sent = { ...facts, executedQuantity: '0', epoch: '2', event: 'begin_send' };
    this.#audit({ ...books, act: 'order-sent', body: sent });
    const filled = { ...facts, executedQuantity: quantity, epoch: '2', event: 'report_filled' };
    this.#audit({ ...books, act: 'order-filled', body: filled });
    this.#fill(person, { leg, order, action, quantity, limitPrice, atMs });
  }

  #fill(person: Person, made: Made): void {
    const { leg, order, action, quantity, limitPrice, atMs } = made;
    const bought = action === 'BUY';
    const asset = bought ? 'USDT' : 'BTC';
    const reserved = bought ? format(Decimal.of(quantity).times(limitPrice)) : quantity;
    const worth = Decimal.of(quantity).times(PRICE);
    const feeAsset = bought ? 'BTC' : 'USDT';
    const fee = format((bought ? Decimal.of(quantity) : worth).div(1_000));
    const tradeId = String(this.#trades);
    const reference = `paper:${person.id}:${SYMBOL}:${tradeId}`;
    const market = { side: action, base: 'BTC', quote: 'USDT', quantity, price: PRICE } as const;
    const money = { fee, feeAsset, reserved };
    const moved = fillTransaction({ reference, ...market, ...money });
    this.#post(person.id, reserveTransaction({ reference: leg, asset, amount: reserved }), atMs);
    this.#post(person.id, moved, atMs);
    const rest = Decimal.of(reserved).minus(bought ? worth : quantity);
    if (rest.gt(0)) {
      const released = releaseTransaction({ reference: leg, asset, amount: format(rest) });
      this.#post(person.id, released, atMs);
    }
    const fill = { venue: 'paper', symbol: SYMBOL, side: action, quantity, price: PRICE, fee };
    this.#row('fills', {
      ...{ ...fill, account: person.id, trade_id: tradeId, client_order_id: order },
      ...{ user_id: person.id, fee_asset: feeAsset, market_time: at(atMs) },
      ...{ transaction_id: moved.id, recorded_at: at(atMs) },
    });
    const books = { partition: `books-${person.id}`, atMs, reference: order };
    this.#audit({ ...books, act: 'fill', body: { ...fill, tradeId, clientOrderId: order } });
    const settled = { legId: leg, released: format(rest), executedQuantity: quantity };
    this.#audit({ ...books, act: 'order-settled', body: settled });
    const sign = bought ? 1 : -1;
    person.coins = person.coins.plus(Decimal.of(quantity).times(sign));
    person.cash = person.cash.minus(worth.times(sign));
    if (bought) person.coins = person.coins.minus(fee);
    else person.cash = person.cash.minus(fee);
    this.#line({
      ...{ type: 'order', wallMs: atMs + 5, status: 'FILLED' },
      order: {
        ...{ orderId: this.#trades, account: person.id, clientOrderId: order, symbol: SYMBOL },
        ...{ side: action, type: 'LIMIT', timeInForce: 'IOC', price: limitPrice, quantity },
        ...{ quoteQuantity: null, stopPrice: null, timeMs: atMs },
      },
      trades: [
        {
          ...{
            tradeId: this.#trades,
            orderId: this.#trades,
            price: PRICE,
            quantity,
            fee,
            feeAsset,
          },
          ...{ maker: false, timeMs: atMs },
        },
      ],
      balances: [
        ['BTC', format(person.coins), '0'],
        ['USDT', format(person.cash), '0'],
      ],
    });
  }

  async #close(): Promise<void> {
    for (const { id, coins, cash } of this.#people) {
      const market_time = at(START_MS);
      this.#row('positions', {
        ...{ user_id: id, venue: 'paper', symbol: SYMBOL, side: 'LONG', quantity: format(coins) },
        ...{ entry_price: PRICE, current_price: PRICE, realised_pnl: '0', market_time },
      });
      this.#row('portfolio', {
        ...{ user_id: id, venue: 'paper', quote: 'USDT', total_balance: FUNDS, market_time },
        ...{ available_balance: format(cash), locked_balance: '0', peak_balance: FUNDS },
      });
    }
    for (const [partition, { seq, hash }] of this.#heads) {
      this.#row('audit_heads', { partition, seq, hash });
    }
    await this.#flush();
    await this.#client.query('vacuum (analyze)');
  }

  #post(userId: string, moved: LedgerTransaction, atMs: number): void {
    const { id, kind, reference, entries } = moved;
    this.#row('ledger_transactions', {
      ...{ id, user_id: userId, venue: 'paper', kind, reference },
      ...{ market_time: at(atMs), recorded_at: at(atMs) },
    });
    for (const entry of entries) this.#row('ledger_entries', { transaction_id: id, ...entry });
  }

  #audit(given: Act): { readonly seq: number; readonly previous: string; readonly hash: string } {
    const { partition, act, reference, body, atMs } = given;
    const head = this.#heads.get(partition) ?? { seq: 0, hash: CHAIN_GENESIS };
    const hash = chainHash(head.hash, { act, reference, body });
    const seq = head.seq + 1;
    this.#heads.set(partition, { seq, hash });
    const link = { partition, seq, prev_hash: head.hash, hash };
    this.#row('audit', { ...link, act, reference, body, recorded_at: at(atMs) });
    return { seq, previous: head.hash, hash };
  }

  #row(table: string, row: Row): void {
    const rows = this.#pending.get(table);
    if (rows) rows.push(row);
    else this.#pending.set(table, [row]);
    this.#rows += 1;
  }

  #line(line: Row): void {
    this.#lines += 1;
    this.#log.write(`${JSON.stringify({ n: this.#lines, ...line })}\n`);
  }

  async #flush(): Promise<void> {
    for (const [table, rows] of this.#pending) {
      const sql = `insert into ${table} select * from json_populate_recordset(null::${table}, $1)`;
      await this.#client.query(sql, [JSON.stringify(rows)]);
    }
    this.#pending = new Map();
    if (this.#log.writableNeedDrain) await once(this.#log, 'drain');
  }
}

type Action = 'BUY' | 'SELL';

interface Motion {
  readonly eventId: string;
  readonly debate: string;
  readonly closeTimeMs: number;
  readonly snapshotHash: string;
  readonly action: Action;
}

interface Made {
  readonly leg: string;
  readonly order: string;
  readonly action: Action;
  readonly quantity: string;
  readonly limitPrice: string;
  readonly atMs: number;
}

interface Act {
  readonly partition: string;
  readonly act: string;
  readonly reference: string;
  readonly body: unknown;
  readonly atMs: number;
}

function at(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
