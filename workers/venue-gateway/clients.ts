import { CcxtVenue } from '../../adapters/venue/ccxt.ts';
import { type ExchangeOptions, openExchange } from '../../adapters/venue/exchange.ts';
import { paperKeys } from '../../adapters/venue/paper-keys.ts';
import { VenueError } from '../../adapters/venue/port.ts';
import { RateBudget } from './budget.ts';

export interface ClientsOptions {
  /** Of the venue itself. */
  readonly venue: string;
  readonly paperUrl: string;
  readonly paperSecret: string;
  /** Servers that stand in for exchanges, by ccxt id: what a closed network or a test has. */
  readonly exchangeUrls?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** What the venue allows an address per minute. Default: what the paper venue does. */
  readonly weightPerMinute?: number;
}

/** A ccxt client with the budget of the server it talks to. */
export interface Client {
  readonly venue: CcxtVenue;
  readonly budget: RateBudget;
}

/** The paper venue speaks this exchange's dialect. */
const PAPER_DIALECT = 'binance';
/** Binance allows 6,000 a minute; the paper venue a thousand times that, for replays at full speed.
 */
const EXCHANGE_WEIGHT = 6_000;
const PAPER_WEIGHT = 6_000_000;
/** A gateway that was just started does not know yet what it has used this minute: a part is never
 * used, so that the first answer can tell. */
const USABLE = 0.95;
/** Symbols and the time, which a new client asks for first. */
const OPENING_WEIGHT = 22;
const MOST_ACCOUNTS = 200;
/** Of a reply about orders, trades or money: a thousand rows fit. */
const MOST_BYTES = 1_000_000;

export const OUT_OF_BUDGET = 'the rate budget is spent';

/** Every connection this process has to a venue: one client per account, one per exchange whose
 * public data is read. The only place that sees keys. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #accounts = new Map<string, Promise<Client>>();
  readonly #exchanges = new Map<string, Promise<Client>>();
  readonly #paperBudget: RateBudget;
  #clock: Promise<Client> | null = null;
  #learning: Promise<number> | null = null;

  constructor(options: ClientsOptions) {
    this.#options = options;
    const limit = options.weightPerMinute ?? PAPER_WEIGHT;
    this.#paperBudget = new RateBudget(Math.floor(limit * USABLE), { isBlind: true });
  }

  get paperBudget(): RateBudget {
    return this.#paperBudget;
  }

  /** The client that trades for one account. The least recently used one makes room. */
  account(account: string): Promise<Client> {
    const known = this.#accounts.get(account);
    this.#accounts.delete(account);
    const client = known ?? this.#open(account);
    this.#accounts.set(account, client);
    client.catch(() => this.#accounts.delete(account));
    if (this.#accounts.size > MOST_ACCOUNTS) this.#evict();
    return client;
  }

  /** Loads what is needed to speak to the venue, without speaking to it. */
  async load(): Promise<void> {
    this.#clock ??= this.#connect(this.#paper(), this.#paperBudget);
    await this.#clock;
  }

  /** The venue's clock, when the budget allows a look. Throws `VenueError`. */
  async venueTimeMs(): Promise<number> {
    this.#clock ??= this.#connect(this.#paper(), this.#paperBudget);
    const { venue, budget } = await this.#clock;
    if (!budget.take(1, 'protective')) throw new VenueError('budget', OUT_OF_BUDGET);
    return venue.timeMs();
  }

  /** Public data: of the venue itself, or of a ccxt exchange. Throws `VenueError`. */
  market(exchange?: string): Promise<Client> {
    const id = exchange ?? this.#options.venue;
    const known = this.#exchanges.get(id);
    if (known) return known;
    const client = id === this.#options.venue ? this.#openPaper() : this.#openExchange(id);
    this.#exchanges.set(id, client);
    client.catch(() => this.#exchanges.delete(id));
    return client;
  }

  async close(): Promise<void> {
    const clocks = this.#clock ? [this.#clock] : [];
    const opened = [...this.#accounts.values(), ...this.#exchanges.values(), ...clocks];
    const all = await Promise.allSettled(opened);
    await Promise.allSettled(
      all.map(async (result) => {
        if (result.status === 'fulfilled') await result.value.venue.exchange.close();
      }),
    );
  }

  #evict(): void {
    const [oldest] = this.#accounts;
    if (!oldest) return;
    this.#accounts.delete(oldest[0]);
    oldest[1].then(
      ({ venue }) => venue.exchange.close(),
      () => undefined,
    );
  }

  async #open(account: string): Promise<Client> {
    const { paperSecret } = this.#options;
    await this.#mayOpen();
    return this.#connect(
      { ...this.#paper(), keys: paperKeys(paperSecret, account) },
      this.#paperBudget,
    );
  }

  /** An earlier process may have used most of this minute. Throws `VenueError`. */
  async #mayOpen(): Promise<void> {
    this.#learning ??= this.venueTimeMs();
    await this.#learning.catch((error: unknown) => {
      this.#learning = null;
      throw error;
    });
    if (this.#paperBudget.take(OPENING_WEIGHT, 'protective')) return;
    throw new VenueError('budget', OUT_OF_BUDGET);
  }

  async #openPaper(): Promise<Client> {
    await this.#mayOpen();
    return this.#connect(this.#paper(), this.#paperBudget);
  }

  #openExchange(id: string): Promise<Client> {
    if (!/^[a-z0-9]{1,20}$/.test(id)) throw new VenueError('invalid', `no exchange ${id}`);
    const baseUrl = this.#options.exchangeUrls?.[id];
    const options = { id, ...this.#timeout(), ...(baseUrl === undefined ? {} : { baseUrl }) };
    return this.#connect(options, new RateBudget(EXCHANGE_WEIGHT));
  }

  async #connect(options: ExchangeOptions, budget: RateBudget): Promise<Client> {
    const onAnswer = budget.observe.bind(budget);
    return { venue: new CcxtVenue(await openExchange({ ...options, onAnswer })), budget };
  }

  #paper(): ExchangeOptions {
    const { paperUrl: baseUrl } = this.#options;
    return { id: PAPER_DIALECT, baseUrl, mostBytes: MOST_BYTES, ...this.#timeout() };
  }

  #timeout(): { timeoutMs?: number } {
    const { timeoutMs } = this.#options;
    return timeoutMs === undefined ? {} : { timeoutMs };
  }
}
