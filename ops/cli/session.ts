import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { feedPublisher } from '../../adapters/bus/feed.ts';
import { venueClient } from '../../adapters/venue/client.ts';
import { paperControl } from '../../adapters/venue/paper-control.ts';
import type { DocketResult } from '../../proto/docket.ts';
import type { GuardFeed } from '../../proto/guard.ts';
import { Debates } from '../ring/debates.ts';
import { type Driven, Driver } from '../ring/driver.ts';
import { Guards } from '../ring/guards.ts';
import { hindsightOf } from '../ring/hindsight.ts';
import { openMarket } from '../ring/opening.ts';
import { type Patience, patiently } from '../ring/patience.ts';
import { Questions } from '../ring/questions.ts';
import { Upkeep } from '../ring/rebalance.ts';
import { type Watch, watchMarket } from '../ring/schedule.ts';
import { type Summary, summarise } from '../ring/summary.ts';
import type { Connections } from './connections.ts';
import { explain } from './fault.ts';
import { HaltWatch } from './halts.ts';
import type { Keyboard } from './keyboard.ts';
import { Keyring } from './keyring.ts';
import { learnDaily } from './live-learning.ts';
import { type Market, PAPER_VENUE } from './market.ts';
import { takeMarketClock } from './market-clock.ts';
import { printable } from './printable.ts';
import type { Screen } from './screen.ts';

export interface SessionOptions {
  readonly market: (connections: Connections, patience: Patience) => Promise<Market>;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  /** Seconds the tape is held at an open question. */
  readonly askSeconds: number;
  /** Answers by key while the tape is held; `null` without a terminal. */
  readonly keyboard: Keyboard | null;
  readonly decisions?: number;
  /** Whether the market of a live session is learned from each day; not said: it is. */
  readonly learns?: boolean;
}

export interface Session {
  readonly driven: Driven;
  readonly summary: Summary;
}

/** Runs one source through the ring on a running stack, from its first candle to its summary. A
 * server that dies on the way is waited for, from the first question to the last. Throws
 * `already_running` when another process moves this market. */
export async function runSession(
  connections: Connections,
  options: SessionOptions,
): Promise<Session> {
  const giveUp = takeMarketClock(connections.state.home);
  try {
    return await run(connections, options);
  } finally {
    giveUp();
  }
}

async function run(connections: Connections, options: SessionOptions): Promise<Session> {
  const { screen } = options;
  const { db, wire, state } = connections;
  const startedAtMs = performance.now();
  const patience = patienceOf(options);
  const [bus, client] = await Promise.all([connections.bus(), connections.temporal()]);
  const paper = paperControl({
    url: state.addresses.paperUrl,
    secret: readFileSync(state.addresses.paperSecretPath, 'utf8').trim(),
  });
  const market = await options.market(connections, patience);
  const { source, history, marketTimeMs } = market;
  const opening = { venue: PAPER_VENUE, instruments: source.instruments, marketTimeMs };
  await patiently('paper market', () => openMarket({ db, paper }, opening), patience);
  const keyring = new Keyring(state.home);
  await patiently('keys', () => keyring.makeMissing(db), patience);
  const questions = new Questions({ db, client, venue: PAPER_VENUE });
  await patiently('open questions', () => questions.refresh(), patience);
  const halts = new HaltWatch(db, screen);
  await patiently('halts', () => halts.look(), patience);
  const driver = new Driver(
    {
      db,
      bus,
      wire,
      feed: feedPublisher(bus, wire),
      paper,
      debates: new Debates(client, wire),
      questions,
      guards: new Guards({ db, client, wire, venue: PAPER_VENUE, feed: feedOf(market) }),
      upkeep: new Upkeep({ db, client, wire, venue: PAPER_VENUE, timeframe: source.timeframe }),
      venue: PAPER_VENUE,
    },
    {
      source,
      history,
      ...patience,
      onUnforetold: (words) => screen.line(`  … ${words}`),
      ...(options.decisions === undefined ? {} : { decisions: options.decisions }),
      onDocket: async (result) => {
        await patiently('halts', () => halts.look(), patience);
        await holdForAnswers({ questions, keyring }, result, options);
      },
    },
  );
  const tape = {
    ...{ venue: PAPER_VENUE, timeframe: source.timeframe },
    symbols: source.instruments.map(({ symbol }) => symbol),
    fromMs: Math.max(marketTimeMs, history.putUntilMs + 1),
  };
  const hindsight = await patiently('models', () => hindsightOf(db, tape), patience);
  for (const words of hindsight) screen.line(`  ${words}`);
  if (market.live !== undefined && options.learns !== false) {
    const learns = (): Promise<string> => learnDaily(connections, market);
    screen.line(`  ${await patiently('Temporal', learns, patience)}`);
  }
  const watch = await startWatch(connections, market, screen);
  let driven: Driven;
  try {
    driven = await driver.run();
  } finally {
    await watch?.stop().catch(tellUnstopped(screen));
  }
  const venuePort = venueClient(bus, wire, { venue: PAPER_VENUE });
  const seconds = (performance.now() - startedAtMs) / 1000;
  const books = { db, venuePort, venue: PAPER_VENUE };
  const told = { seconds, hindsight };
  const summary = await patiently('books', () => summarise(books, driven, told), patience);
  return { driven, summary };
}

/** Where a guard reads candles when this command is gone. */
function feedOf({ live }: Market): GuardFeed | null {
  return live === undefined ? null : { exchange: live.exchange };
}

function patienceOf({ signal, screen }: SessionOptions): Patience {
  return { signal, onWait: (what) => screen.line(`  … waiting for a server: ${what}`) };
}

/** In live mode a schedule looks at the market each minute, for as long as the session lasts. */
async function startWatch(
  connections: Connections,
  { live }: Market,
  screen: Screen,
): Promise<Watch | null> {
  if (live === undefined) return null;
  const { namespace } = connections.wire;
  const { exchange, symbol } = live;
  const onFault = (error: unknown): void =>
    screen.line(`  … the market scan could not be prolonged: ${String(error)}`);
  const scan = { namespace, venue: PAPER_VENUE, exchange, symbol };
  return watchMarket(await connections.temporal(), scan, { onFault });
}

function tellUnstopped(screen: Screen): (error: unknown) => void {
  return (error) => screen.line(`  the market scan ends by itself in minutes: ${String(error)}`);
}

/** Holds the tape at a question that has just been put, until somebody answers or the time is up.
 * What an answer given here leads to is over before the tape goes on. */
async function holdForAnswers(
  { questions, keyring }: { readonly questions: Questions; readonly keyring: Keyring },
  result: DocketResult,
  options: SessionOptions,
): Promise<void> {
  const { askSeconds, keyboard, screen, signal } = options;
  for (const { followUp } of result.decisions) {
    if (followUp.kind !== 'escalate' || askSeconds <= 0) continue;
    const { escalationId } = followUp.escalation;
    const isOpen = (): boolean => questions.open.some((one) => one.escalationId === escalationId);
    const given: Promise<void>[] = [];
    const stopListening = keyboard?.listen((verb) => {
      screen.line(`    you ${verb}`);
      given.push(
        questions
          .answer(escalationId, { verb, from: 'terminal' }, keyring)
          .then((receipt) => screen.line(`    ${receipt.outcome}: ${printable(receipt.reason)}`))
          .catch((error: unknown) => screen.line(`    the answer failed: ${explain(error).text}`)),
      );
    });
    try {
      const untilMs = performance.now() + askSeconds * 1000;
      while (isOpen() && performance.now() < untilMs && !signal.aborted) {
        const left = Math.ceil((untilMs - performance.now()) / 1000);
        const keys = keyboard === null ? '' : ', or press a (approve) / r (reject)';
        screen.status(`    waiting ${left} s for an answer${keys}`);
        await sleep(250);
        await patiently('open questions', () => questions.refresh(), patienceOf(options));
      }
    } finally {
      stopListening?.();
    }
    await Promise.all(given);
  }
}
