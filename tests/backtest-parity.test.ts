/** A backtest must decide and trade as the ring does. Failure here means that the account in memory
 * and the servers part: another decision, size, price or fee somewhere, and so a backtest that
 * promises what a replay does not keep.
 *
 * Equal is everything both know: every decision with its trigger, verdict, confidence and what
 * followed, every order with its limits, stops and estimates, every fill, and the very words with
 * which the risk rules kept a decision's order back.
 *
 * Not held equal: the sales that a guard asks for and the risk rules refuse. When the tape fills a
 * stop, the user stream tells that it is over in one transaction and books its trade in the next; a
 * guard that looks in between asks to sell what is sold already, and hears that nothing but a
 * remainder is free. Whether it looks just then is the machine's affair, and changes nothing. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Corro } from './e2e/corro.ts';
import { type Traded, tradedByServers, tradedInProcess, type Window } from './e2e/parity.ts';
import { CRASH, CRASH_START_MS, writeMadeUpTape } from './e2e/tape.ts';
import { testHome } from './support/home.ts';

const FILE = new URL('../../shared/data/binance-BTC-USDT-1m.csv', import.meta.url).pathname;
const HAVE = existsSync(FILE);
const WHY = HAVE ? '' : ' (skipped: no ../shared/data beside this checkout)';

/** Replays the files through the servers of a fresh home. */
async function replayed(files: readonly string[], { fromMs, toMs }: Window): Promise<Traded> {
  const corro = new Corro();
  try {
    await corro.ok('up');
    const iso = (timeMs: number) => new Date(timeMs).toISOString();
    const from = fromMs === undefined ? [] : ['--from', iso(fromMs)];
    const to = toMs === undefined ? [] : ['--to', iso(toMs)];
    await corro.ok('replay', ...files, ...from, ...to, '--json');
    return await tradedByServers(corro);
  } finally {
    await corro.close();
  }
}

/** How many of each, so that a tape on which nothing happens proves nothing. */
function countsOf({ decisions, orders, fills }: Traded) {
  return { decisions: decisions.length, orders: orders.length, fills: fills.length };
}

/** Takes the volumes of a made-up tape to a part of what they are. */
function thin(path: string, times: number): void {
  const [head, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const thinned = rows.map((row) => {
    const at = row.lastIndexOf(',') + 1;
    return `${row.slice(0, at)}${(Number(row.slice(at)) / times).toFixed(3)}`;
  });
  writeFileSync(path, `${[head, ...thinned].join('\n')}\n`);
}

describe('backtest and replay', () => {
  const folder = testHome();
  const made = ['BTC', 'ETH'].map((base, at) => {
    const path = join(folder, `made-${base}-USDT-5m.csv`);
    return { path, seed: 11 + at, startMs: CRASH_START_MS, candles: 160, price: 2_900 };
  });

  beforeAll(() => {
    for (const tape of made) writeMadeUpTape(tape);
    // So little is traded there that books run out and fills come in parts.
    thin(made[0]?.path ?? '', 60);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('two made-up markets on one clock, one of them thin - equal', async () => {
    const files = made.map(({ path }) => path);
    const inProcess = await tradedInProcess(files);
    expect(countsOf(inProcess).fills).toBeGreaterThan(20);
    expect(await replayed(files, {})).toEqual(inProcess);
  }, 1_200_000);

  test('the demo of a real crash - equal', async () => {
    const window = { toMs: CRASH_START_MS + 18 * 3_600_000 };
    const inProcess = await tradedInProcess([CRASH], window);
    expect(countsOf(inProcess).fills).toBeGreaterThan(4);
    expect(await replayed([CRASH], window)).toEqual(inProcess);
  }, 1_200_000);

  test.skipIf(!HAVE)(
    `19 May 2021, minute by minute - equal${WHY}`,
    async () => {
      const fromMs = Date.UTC(2021, 4, 19);
      const window = { fromMs, toMs: fromMs + 86_400_000 };
      const inProcess = await tradedInProcess([FILE], window);
      expect(countsOf(inProcess)).toEqual({ decisions: 149, orders: 63, fills: 24 });
      expect(await replayed([FILE], window)).toEqual(inProcess);
    },
    2_400_000,
  );
});
