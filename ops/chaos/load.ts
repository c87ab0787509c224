import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/store/schema.ts';
import { addUser, ensureDefaults } from '../../adapters/store/users.ts';
import { TIMEFRAMES } from '../../core/market/candle.ts';
import type { SimulatedMarket } from '../../core/market/simulated.ts';
import { Connections } from '../cli/connections.ts';
import { PAPER_VENUE } from '../cli/market.ts';
import type { Screen } from '../cli/screen.ts';
import { runSession } from '../cli/session.ts';
import { readHistory } from '../ring/history.ts';
import { patiently } from '../ring/patience.ts';
import { simulatedSource } from '../ring/simulated-source.ts';
import type { CandleSource, Close } from '../ring/source.ts';
import type { StackState } from '../stack/control.ts';

/** No real market was ever there: the calendar says so too. */
const START_MS = Date.UTC(2100, 0, 1);

/** So many that hardly a close goes by without a debate: a ring that has nothing to decide cannot
 * show that it is back at work. */
const SYMBOLS = [50_000, 3_000, 150, 600, 40, 8_000, 900, 20].map((price, place) => ({
  symbol: `SIM${'ABCDEFGH'[place]}/USDT`,
  price,
  decimals: price < 200 ? 3 : 2,
}));

export function campaignMarket(seed: number): SimulatedMarket {
  return { seed, timeframe: '5m', startMs: START_MS, symbols: SYMBOLS };
}

/** People who want different things, so that one event gives different orders. The ring's own user
 * is the first. */
const USERS = [
  { username: 'bold', config: { riskLimits: { maxOrderQuote: '6000', riskPerTradeBps: 300 } } },
  { username: 'careful', config: { riskLimits: { maxOrderQuote: '500', maxPositionBps: 800 } } },
  { username: 'follower', config: { assistantWeights: { strategist: 3, technical_analyst: 2 } } },
  { username: 'doubter', config: { assistantWeights: { market_monitor: 2 } } },
] as const;

/** People of small means who enter again at once, so that one decision gives many orders. */
function crowd(size: number) {
  const riskLimits = { maxOrderQuote: '400', cooldownMinutes: 0, maxOrdersPerMinute: 600 };
  return Array.from({ length: size }, (_, place) => ({
    username: `crowd-${place + 1}`,
    config: { riskLimits },
  }));
}

/** The ring's own user, four others and a crowd, each with paper money once the market opens. */
export async function fundUsers(db: Kysely<Database>, size: number): Promise<void> {
  await ensureDefaults(db);
  for (const user of [...USERS, ...crowd(size)]) {
    const taken = await db
      .selectFrom('users')
      .select('id')
      .where('username', '=', user.username)
      .executeTakeFirst();
    if (taken === undefined) await addUser(db, { ...user, email: `${user.username}@localhost` });
  }
}

/** Lets the market through, or holds it between two closes. */
export class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;
  #closed = false;
  #waiting = 0;

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#closed = false;
    this.#open();
  }

  /** True while the driver stands before the closed gate: the close before is dealt with. */
  get held(): boolean {
    return this.#closed && this.#waiting > 0;
  }

  async pass(signal: AbortSignal): Promise<void> {
    if (!this.#closed) return;
    this.#waiting += 1;
    try {
      await Promise.race([this.#opened, aborted(signal)]);
      signal.throwIfAborted();
    } finally {
      this.#waiting -= 1;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export interface LoadOptions {
  readonly state: StackState;
  readonly seed: number;
  readonly gate: Gate;
  readonly signal: AbortSignal;
  readonly screen: Screen;
}

/** A driver that ends so often in a row without a close in between will not come back. */
const MOST_ENDS = 5;

/** The market that moves the ring: the same driver as every replay, with the same patience. When it
 * gives up, it is started again where it stood, as a person would repeat the command. */
export class Load {
  readonly #options: LoadOptions;
  readonly #running: Promise<void>;
  #closes = 0;
  #restarts = 0;
  #fault: unknown = null;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#running = this.#run().catch((error: unknown) => {
      this.#fault = error;
    });
  }

  /** Closes released so far, repeats of a restarted driver included. */
  get closes(): number {
    return this.#closes;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Throws when the driver has ended for good. */
  assertRunning(): void {
    if (this.#fault !== null) throw new Error('the driver ended', { cause: this.#fault });
  }

  /** Resolves when the aborted driver has let go of everything. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal, screen } = this.#options;
    for (let ends = 0; !signal.aborted; ) {
      const before = this.#closes;
      try {
        await this.#session();
        return;
      } catch (error) {
        if (signal.aborted) return;
        ends = this.#closes > before + 1 ? 1 : ends + 1;
        if (ends >= MOST_ENDS) throw error;
        this.#restarts += 1;
        screen.line(`  the driver ended and is started again: ${String(error)}`);
      }
    }
  }

  async #session(): Promise<void> {
    const { state, seed, signal, screen } = this.#options;
    const connections = new Connections(state);
    const market = campaignMarket(seed);
    const source = this.#counted(simulatedSource(market, null));
    const firstCloseMs = market.startMs + TIMEFRAMES[market.timeframe] - 1;
    const { timeframe } = market;
    const tapes = market.symbols.map(({ symbol }) => ({ symbol, timeframe, firstCloseMs }));
    try {
      await runSession(connections, {
        market: async ({ db }, patience) => ({
          source,
          history: await patiently('books', () => readHistory(db, PAPER_VENUE, tapes), patience),
          marketTimeMs: firstCloseMs,
        }),
        signal,
        screen,
        askSeconds: 0,
        keyboard: null,
      });
    } finally {
      await connections.close();
    }
  }

  #counted(source: CandleSource): CandleSource {
    return { ...source, closes: (signal) => this.#gated(source, signal) };
  }

  async *#gated(source: CandleSource, signal: AbortSignal): AsyncGenerator<Close> {
    for await (const close of source.closes(signal)) {
      await this.#options.gate.pass(signal);
      this.#closes += 1;
      yield close;
    }
  }
}
