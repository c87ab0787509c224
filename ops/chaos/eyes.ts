import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** What the campaign sees for itself: plain SQL on one side, the venue's log file on the other. It
 * shares nothing with the code under test that could be wrong in the same way. */
export interface Witnessed {
  readonly motions: number;
  readonly decisions: number;
  readonly orders: number;
  readonly fills: number;
  readonly venueOrders: number;
  readonly venueTrades: number;
  /** Motions on record without a decision for every user. */
  readonly decisionsLost: number;
  /** Orders the venue accepted beyond one a leg, and those of which we have no order at all. */
  readonly ordersDoubled: number;
  readonly ordersUnknown: number;
  /** Trades of the venue's that are not booked, to the digit, and fills the venue never made. */
  readonly fillsLost: number;
  readonly fillsInvented: number;
  readonly examples: readonly string[];
}

export interface Progress {
  readonly decisions: number;
  /** Orders that have come to their end, or rest. */
  readonly ended: number;
  /** Orders that the venue may have or may still get; a stop that rests there is none. */
  readonly live: readonly string[];
}

const LIVE = `select client_order_id from orders join intents using (leg_id)
  where state in ('prepared', 'sent', 'unknown')
    or (state = 'open' and type <> 'STOP_LOSS_LIMIT')`;

const UNDECIDED = `select m.event_id from motions m
  where (select count(*) from decisions d where d.event_id = m.event_id)
    < (select count(*) from users u where u.is_active)`;

const EXAMPLES = 5;

export class Eyes {
  readonly #url: string;
  readonly #log: VenueLogReader;
  #client: pg.Client | null = null;
  #before: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly postgresUrl: string; readonly home: string }) {
    this.#url = options.postgresUrl;
    this.#log = new VenueLogReader(join(options.home, 'paper', 'venue.jsonl'));
  }

  /** Null while Postgres does not answer. */
  async progress(): Promise<Progress | null> {
    try {
      const [counted] = await this.#rows<Record<'decisions' | 'orders', string>>(
        `select (select count(*) from decisions) as decisions,
          (select count(*) from orders) as orders`,
      );
      const live = await this.#rows<{ client_order_id: string }>(LIVE);
      return {
        decisions: Number(counted?.decisions),
        ended: Number(counted?.orders) - live.length,
        live: live.map((row) => row.client_order_id),
      };
    } catch {
      await this.close();
      return null;
    }
  }

  /** Motions that have no decision for every user yet. */
  async undecided(): Promise<number> {
    return (await this.#rows(UNDECIDED)).length;
  }

  /** Compares both witnesses; meant for a moment at which nothing is under way. */
  async compare(): Promise<Witnessed> {
    this.#log.readOn();
    const [counts] = await this.#rows<Record<'motions' | 'decisions' | 'orders', string>>(
      `select (select count(*) from motions) as motions,
        (select count(*) from decisions) as decisions, (select count(*) from orders) as orders`,
    );
    const undecided = await this.#rows<{ event_id: string }>(UNDECIDED);
    const legs = await this.#rows<{ client_order_id: string; leg_id: string }>(
      'select client_order_id, leg_id from orders',
    );
    const booked = await this.#rows<FillRow>(
      `select account, symbol, trade_id, quantity::text, price::text, client_order_id from fills`,
    );
    const orders = compareOrders(this.#log, legs);
    const fills = compareFills(this.#log, booked);
    const examples = [
      ...undecided.map(({ event_id: id }) => `motion ${id} has no decision for somebody`),
      ...orders.examples,
      ...fills.examples,
    ];
    return {
      motions: Number(counts?.motions),
      decisions: Number(counts?.decisions),
      orders: Number(counts?.orders),
      fills: booked.length,
      venueOrders: this.#log.orders.size,
      venueTrades: this.#log.trades.size,
      decisionsLost: undecided.length,
      ordersDoubled: orders.doubled,
      ordersUnknown: orders.unknown,
      fillsLost: fills.lost,
      fillsInvented: fills.invented,
      examples: examples.slice(0, EXAMPLES),
    };
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  /** One question after the other: a connection takes one at a time. */
  #rows<Row extends object>(text: string): Promise<Row[]> {
    const rows = this.#before.then(() => this.#ask<Row>(text));
    this.#before = rows.catch(() => undefined);
    return rows;
  }

  async #ask<Row extends object>(text: string): Promise<Row[]> {
    if (this.#client === null) {
      const client = new pg.Client({
        connectionString: this.#url,
        connectionTimeoutMillis: 2_000,
        query_timeout: 20_000,
      });
      client.on('error', () => {
        this.#client = null;
      });
      await client.connect();
      this.#client = client;
    }
    return (await this.#client.query<Row>(text)).rows;
  }
}

interface FillRow {
  readonly account: string;
  readonly symbol: string;
  readonly trade_id: string;
  readonly quantity: string;
  readonly price: string;
  readonly client_order_id: string;
}

interface VenueOrder {
  readonly clientOrderId: string;
  readonly symbol: string;
}

interface LogLine {
  readonly order?: VenueOrder & { readonly orderId: number };
  readonly trades?: readonly {
    readonly tradeId: number;
    readonly orderId: number;
    readonly price: string;
    readonly quantity: string;
  }[];
}

const NEWLINE = 0x0a;
const CHUNK = 1 << 20;

/** The venue's log, read as far as it goes each time. A line that is not whole yet is left for the
 * next time: a crash may cut it off and write it anew. */
class VenueLogReader {
  readonly orders = new Map<number, VenueOrder>();
  /** By symbol and number: what was traded, and of which order. */
  readonly trades = new Map<string, { readonly text: string; readonly orderId: number }>();
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  readOn(): void {
    if (!existsSync(this.#path)) return;
    const file = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    try {
      for (;;) {
        const read = readSync(file, buffer, 0, CHUNK, this.#offset + rest.length);
        if (read === 0) return;
        rest = Buffer.concat([rest, buffer.subarray(0, read)]);
        const end = rest.lastIndexOf(NEWLINE) + 1;
        for (const line of rest.toString('utf8', 0, end).split('\n')) this.#note(line);
        this.#offset += end;
        rest = rest.subarray(end);
      }
    } finally {
      closeSync(file);
    }
  }

  #note(text: string): void {
    // Most lines are the tape's: nothing in them is ours unless somebody traded.
    if (!text.includes('"orderId"')) return;
    const { order, trades = [] } = JSON.parse(text) as LogLine;
    if (order !== undefined) this.orders.set(order.orderId, order);
    for (const { tradeId, orderId, price, quantity } of trades) {
      const symbol = this.orders.get(orderId)?.symbol ?? '?';
      this.trades.set(`${symbol} ${tradeId}`, { text: plain(quantity, price), orderId });
    }
  }
}

function compareOrders(
  log: VenueLogReader,
  rows: readonly { readonly client_order_id: string; readonly leg_id: string }[],
) {
  const legs = new Map(rows.map((row) => [row.client_order_id, row.leg_id]));
  const accepted = new Map<string, string[]>();
  const examples: string[] = [];
  let unknown = 0;
  for (const { clientOrderId } of log.orders.values()) {
    const leg = legs.get(clientOrderId);
    if (leg === undefined) {
      unknown += 1;
      examples.push(`the venue has ${clientOrderId}, and we do not know it`);
    } else accepted.set(leg, [...(accepted.get(leg) ?? []), clientOrderId]);
  }
  let doubled = 0;
  for (const [leg, ids] of accepted) {
    if (ids.length < 2) continue;
    doubled += ids.length - 1;
    examples.push(`leg ${leg} is at the venue as ${ids.join(' and ')}`);
  }
  return { doubled, unknown, examples };
}

function compareFills(log: VenueLogReader, rows: readonly FillRow[]) {
  const booked = new Map(
    rows.map((row) => [`${row.symbol} ${row.trade_id}`, plain(row.quantity, row.price)]),
  );
  const examples: string[] = [];
  let lost = 0;
  for (const [key, { text, orderId }] of log.trades) {
    if (booked.get(key) === text) continue;
    lost += 1;
    const id = log.orders.get(orderId)?.clientOrderId;
    examples.push(`trade ${key} of ${id} (${text}) is booked as ${booked.get(key) ?? 'nothing'}`);
  }
  let invented = 0;
  for (const [key, text] of booked) {
    if (log.trades.has(key)) continue;
    invented += 1;
    examples.push(`fill ${key} (${text}) was never made at the venue`);
  }
  return { lost, invented, examples };
}

/** Trailing zeros are no difference. */
function plain(quantity: string, price: string): string {
  const bare = (text: string): string =>
    text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
  return `${bare(quantity)} at ${bare(price)}`;
}
