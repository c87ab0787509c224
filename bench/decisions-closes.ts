import { readFileSync } from 'node:fs';
import { feedPublisher } from '../adapters/bus/feed.ts';
import type { Tape } from '../adapters/tape/tape.ts';
import { paperControl } from '../adapters/venue/paper-control.ts';
import type { Connections } from '../ops/cli/connections.ts';
import { readFeeds } from '../ops/cli/feed-reader.ts';
import { tapeMarket } from '../ops/cli/market.ts';
import { Debates } from '../ops/ring/debates.ts';
import { Driver } from '../ops/ring/driver.ts';
import { Guards } from '../ops/ring/guards.ts';
import { openMarket } from '../ops/ring/opening.ts';
import { Questions } from '../ops/ring/questions.ts';
import type { CandleSource, Close } from '../ops/ring/source.ts';
import { VENUE } from './decisions-market.ts';
import { percentile } from './statistics.ts';

/** From the moment the driver is given a close. */
export interface CloseFigures {
  readonly decided: number;
  /** Until an outside listener heard the verdict, which is told once the decision is on record. */
  readonly recordedP50Ms: number;
  readonly recordedP99Ms: number;
  /** Until the next close is asked for, of closes with a motion. */
  readonly lockstepP50Ms: number;
  readonly quiet: number;
  /** The same of closes without one. */
  readonly quietP50Ms: number;
  readonly quietP99Ms: number;
}

/** Drives a tape through the ring as `corro replay --speed max` does, until `decisions` are
 * made. */
export async function measureCloses(
  connections: Connections,
  tape: Tape,
  decisions: number,
): Promise<CloseFigures> {
  const { db, wire, state } = connections;
  const [bus, client] = await Promise.all([connections.bus(), connections.temporal()]);
  const secret = readFileSync(state.addresses.paperSecretPath, 'utf8').trim();
  const paper = paperControl({ url: state.addresses.paperUrl, secret });
  const patience = { signal: new AbortController().signal };
  const market = await tapeMarket([tape], 'max')(connections, patience);
  const { source, history, marketTimeMs } = market;
  await openMarket({ db, paper }, { venue: VENUE, instruments: source.instruments, marketTimeMs });
  const questions = new Questions({ db, client, venue: VENUE });
  const watch = new Watch();
  const stop = readFeeds(bus, wire, (feed) => {
    if (feed.feed === 'verdict') watch.recorded(Date.parse(feed.at));
  });
  const driver = new Driver(
    {
      ...{ db, bus, wire, paper, questions, venue: VENUE },
      feed: feedPublisher(bus, wire),
      debates: new Debates(client, wire),
      guards: new Guards({ db, client, wire, venue: VENUE, feed: null }),
    },
    {
      ...{ ...patience, history, decisions },
      source: watch.over(source),
      onDocket: () => watch.decided(),
    },
  );
  await driver.run();
  stop();
  return watch.figures();
}

class Watch {
  readonly #givenAtMs = new Map<number, number>();
  readonly #recordedMs: number[] = [];
  readonly #decidedMs: number[] = [];
  readonly #quietMs: number[] = [];
  #debated = false;

  /** The same source, each close timed from when it is given until the next is asked for. */
  over(source: CandleSource): CandleSource {
    return { ...source, closes: (signal) => this.#closes(source.closes(signal)) };
  }

  recorded(closeTimeMs: number): void {
    const given = this.#givenAtMs.get(closeTimeMs);
    if (given !== undefined) this.#recordedMs.push(performance.now() - given);
  }

  decided(): void {
    this.#debated = true;
  }

  figures(): CloseFigures {
    return {
      decided: this.#recordedMs.length,
      recordedP50Ms: percentile(this.#recordedMs, 0.5),
      recordedP99Ms: percentile(this.#recordedMs, 0.99),
      lockstepP50Ms: percentile(this.#decidedMs, 0.5),
      quiet: this.#quietMs.length,
      quietP50Ms: percentile(this.#quietMs, 0.5),
      quietP99Ms: percentile(this.#quietMs, 0.99),
    };
  }

  async *#closes(closes: AsyncIterable<Close>): AsyncGenerator<Close> {
    for await (const close of closes) {
      this.#debated = false;
      const givenAtMs = performance.now();
      this.#givenAtMs.set(close.timeMs, givenAtMs);
      yield close;
      (this.#debated ? this.#decidedMs : this.#quietMs).push(performance.now() - givenAtMs);
    }
  }
}
