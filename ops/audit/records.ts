import type { AuditRecord } from './chain.ts';
import { type ChainReport, verifyChains } from './chain.ts';
import type { Database } from './database.ts';
import type { Violation } from './finding.ts';
import { fixed, isFixed } from './fixed.ts';

/** Every step a state may take, and no other; a record that repeats a state tells a detail. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  prepared: ['sent', 'never-arrived'],
  sent: ['unknown', 'open', 'filled', 'cancelled', 'expired', 'rejected', 'never-arrived'],
  unknown: ['open', 'filled', 'cancelled', 'expired', 'rejected', 'never-arrived'],
  open: ['filled', 'cancelled', 'expired'],
  filled: [],
  cancelled: [],
  expired: [],
  rejected: [],
  'never-arrived': [],
};
const ACTS: ReadonlySet<string> = new Set(Object.keys(STEPS).map((state) => `order-${state}`));
const PAIRS: ReadonlySet<string> = new Set(
  Object.entries(STEPS).flatMap(([from, to]) =>
    [from, ...to].map((state) => `order-${from} order-${state}`),
  ),
);

/** The newest record of an order in one partition. */
interface OrderStep {
  readonly seq: number;
  readonly act: string;
  /** Base units, decimal text; null where the record does not say. */
  readonly executed: string | null;
}

interface Partition {
  /** By client order id. */
  readonly orders: Map<string, OrderStep>;
  /** By leg. */
  readonly epochs: Map<string, string>;
}

/** What the audit's records say, read once for all who ask: each is hashed, held to the chain, and
 * looked at by every rule that is about records, and what the rules need later is kept. Another
 * `read` reads only what was appended since, until one has found a fault: then everything is read
 * again. */
export class Records {
  /** Records read so far, and how many of them are steps of orders. */
  count = 0;
  steps = 0;
  chains: readonly ChainReport[] = [];
  /** Steps that no order may take, epochs that went back, money that is no text. */
  readonly missteps: Violation[] = [];
  readonly regressions: Violation[] = [];
  readonly inexact: Violation[] = [];
  /** By client order id: when it was first marked as sent, wall clock, Unix milliseconds. */
  readonly sentAtMs = new Map<string, number>();
  /** Legs that were left to a person. */
  readonly halted = new Set<string>();
  readonly #newest = new Map<string, OrderStep>();
  readonly #partitions = new Map<string, Partition>();
  readonly #proved = new Map<string, { readonly seq: number; readonly hash: string }>();

  /** Reads what was not read yet. False when something is wrong with what was read. */
  async read(db: Database): Promise<boolean> {
    this.chains = await verifyChains(db, this.#proved, (partition, record) => {
      this.#take(partition, record);
    });
    for (const { partition, length, hash } of this.chains) {
      this.#proved.set(partition, { seq: length, hash });
    }
    const found = [this.missteps, this.regressions, this.inexact].some((list) => list.length > 0);
    return !found && this.chains.every(({ fault }) => fault === null);
  }

  /** The act of an order's newest record; null: there is none. */
  lastAct(clientOrderId: string): string | null {
    return this.#newest.get(clientOrderId)?.act ?? null;
  }

  #take(name: string, record: AuditRecord): void {
    const { act, reference, seq, ms } = record;
    this.count += 1;
    const found = inexactIn(record.body);
    if (found !== null) {
      this.inexact.push({ id: `audit ${name} ${seq}`, text: `holds ${found}` });
    }
    if (act === 'leg-halted') this.halted.add(reference);
    if (act === 'order-sent' && ms < (this.sentAtMs.get(reference) ?? Number.POSITIVE_INFINITY)) {
      this.sentAtMs.set(reference, ms);
    }
    if (ACTS.has(act)) this.#step(this.#partition(name), record);
  }

  #partition(name: string): Partition {
    const known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const fresh: Partition = { orders: new Map(), epochs: new Map() };
    this.#partitions.set(name, fresh);
    return fresh;
  }

  #step({ orders, epochs }: Partition, { act, reference, seq, body }: AuditRecord): void {
    this.steps += 1;
    const executed = textIn(body, 'executedQuantity');
    const before = orders.get(reference);
    const step = `${before?.act ?? 'nothing'} to ${act}`;
    if (before === undefined ? act !== 'order-prepared' : !PAIRS.has(`${before.act} ${act}`)) {
      this.missteps.push({ id: reference, text: `went from ${step}` });
    }
    if (isLess(executed, before?.executed ?? null)) {
      this.missteps.push({ id: reference, text: `executed less at ${step}` });
    }
    const taken = { seq: Number(seq), act, executed };
    orders.set(reference, taken);
    if (taken.seq >= (this.#newest.get(reference)?.seq ?? 0)) this.#newest.set(reference, taken);
    const leg = textIn(body, 'legId') ?? '';
    const epoch = textIn(body, 'epoch');
    const earlier = epochs.get(leg);
    if (epoch === null) epochs.delete(leg);
    else epochs.set(leg, epoch);
    if (epoch === null || earlier === undefined || epoch === earlier) return;
    if (BigInt(epoch) < BigInt(earlier)) {
      const text = `acted with epoch ${epoch} after epoch ${earlier}`;
      this.regressions.push({ id: reference, text });
    }
  }
}

function textIn(body: unknown, key: string): string | null {
  const value = (body as Readonly<Record<string, unknown>> | null)?.[key];
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isLess(executed: string | null, before: string | null): boolean {
  if (executed === null || before === null || executed === before) return false;
  if (!isFixed(executed) || !isFixed(before)) return true;
  return fixed(executed) < fixed(before);
}

const MONEY = /(quantity|price|amount|fee|notional|balance|equity|cash|reserved|quote)$/i;

/** The first number that is a fraction, or stands under a name of money; null: there is none. In
 * these records every number is a count, and money is text. */
export function inexactIn(value: unknown): string | null {
  if (typeof value === 'number') return Number.isInteger(value) ? null : String(value);
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = inexactIn(item);
      if (found !== null) return found;
    }
    return null;
  }
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record)) {
    const item = record[key];
    if (typeof item === 'string') continue;
    if (typeof item === 'number' && MONEY.test(key)) return `${key}: ${item}`;
    const found = inexactIn(item);
    if (found !== null) return found;
  }
  return null;
}
