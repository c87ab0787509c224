import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { GateReport } from '../core/learning/gate/case.ts';
import type { Summary } from '../ops/ring/summary.ts';
import { readStack } from '../ops/stack/control.ts';
import { isAlive, markOf, type ProcessMark, waitForEnd } from '../ops/stack/processes.ts';
import { SERVICE_NAMES } from '../ops/stack/topology.ts';
import { expectSoundBooks, marketOf } from './e2e/books.ts';
import { Corro, until } from './e2e/corro.ts';
import { CRASH, ELEVEN } from './e2e/tape.ts';

/** The same candles must give the same decisions, however fast they are replayed, on however many
 * processes, and wherever a replay was broken off. A failure here means that something other than
 * the market decided: a clock, an order of arrival, a leftover, a hole in what a restart
 * remembers. Every test has a home of its own; the first one's chain is what the others are held
 * to. */

const homes: Corro[] = [];
const VICTIMS = SERVICE_NAMES;
const replay = ['replay', CRASH, ...ELEVEN, '--json'] as const;
let first: Summary;
/** What was traded, without ids: an attempt that never arrived changes those. */
let fills: { readonly side: string }[];
const FILLS = `select username, fills.symbol, fills.side, purpose, price, fills.quantity, fee,
    fee_asset, fills.market_time
  from fills join orders using (client_order_id) join intents using (leg_id)
  join users on users.id = intents.user_id
  order by fills.market_time, username, fills.symbol, fills.side, price, fills.quantity`;

function newHome(): Corro {
  const corro = new Corro();
  homes.push(corro);
  return corro;
}

afterAll(async () => {
  await Promise.all(homes.map((corro) => corro.close()));
});

test('replay - after a reset the same chain, at any pace, on any number of workers', async () => {
  const corro = newHome();
  first = JSON.parse(await corro.ok(...replay)) as Summary;
  expect(first).toMatchObject({ ended: 'tape', candles: 118, motions: 11, decisions: 11 });
  // Two entries; the guard of each moved its stop once, and the venue filled the moved one.
  expect(first.orders).toEqual({ filled: 4, cancelled: 2 });
  expect(readStack(corro.home)?.status).toBe('stopped');
  await corro.ok('reset', '--yes');
  await corro.ok('up', '--decision-workers', '2', '--actor-hosts', '2');
  const paced = await corro.json<Summary>('replay', CRASH, ...ELEVEN, '--speed', '9000');
  expect(paced.seconds).toBeGreaterThan(3);
  expect(marketOf(paced)).toEqual(marketOf(first));
  fills = await corro.sql(FILLS);
  expect(fills.map(({ side }) => side)).toEqual(expect.arrayContaining(['BUY', 'SELL']));
  await expectSoundBooks(corro, paced);
  // Everything of this tape has been judged: nothing is put to the ring twice.
  const again = JSON.parse(await corro.ok(...replay)) as Summary;
  expect(again).toMatchObject({ debates: 0, decisions: 0, decidedBefore: 11, chain: first.chain });
}, 1_200_000);

test('gate - what is on record is decided again as it was, and a change is shown', async () => {
  const [corro] = homes as [Corro];
  const same = await corro.json<GateReport>('gate', '--weights', '1');
  expect(same).toMatchObject({ motions: 11, unreproduced: 0, undecided: 0, flips: [] });
  const none = await corro.run('gate', '--weights', '2');
  expect(none.stderr).toMatch(/unknown weights version "2": there is 1/);
  const rules = await corro.json<GateReport>('gate', '--rules', '{"alwaysAsk": true}');
  expect(rules.flips.length).toBeGreaterThan(0);
  expect(rules.money?.after).toMatchObject({ trades: 0, totalReturn: 0 });
  const bad = await corro.run('gate', '--rules', '{"quorum": 99}');
  expect(bad).toMatchObject({ code: 3 });
  expect(bad.stderr).toMatch(/rules.quorum must be/);
  const both = await corro.run('gate', '--rules', '{}', '--weights', '1');
  expect(both).toMatchObject({ code: 2 });
}, 300_000);

test('replay - every process killed -9 on the way, the same chain and sound books', async () => {
  const corro = newHome();
  await corro.ok('up');
  const run = corro.start(...replay);
  for (const [at, victim] of VICTIMS.entries()) {
    await decisionsReach(corro, at + 1);
    // Another step of the next motion each time.
    await sleep(at * 60);
    process.kill(corro.pidOf(victim), 'SIGKILL');
  }
  // No further candle until all of them are back, so that work is left when all are killed at once.
  run.process.kill('SIGSTOP');
  await everyServiceRestarted(corro, 1);
  for (const { pid } of corro.state.services) process.kill(pid ?? Number.NaN, 'SIGKILL');
  run.process.kill('SIGCONT');
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(stdout) as Summary;
  expect(marketOf(summary)).toEqual(marketOf(first));
  expect(await corro.sql(FILLS)).toEqual(fills);
  await expectSoundBooks(corro, summary);
  await everyServiceRestarted(corro, 2);
}, 1_200_000);

test('replay - Ctrl-C, then kill -9 of the command: it goes on where it stood', async () => {
  const corro = newHome();
  const broken = corro.start(...replay);
  await decisionsReach(corro, 3);
  const interrupted = stackMarks(corro);
  broken.process.kill('SIGINT');
  const { code, stdout } = await broken.ended;
  expect(code).toBe(130);
  expect((JSON.parse(stdout) as Summary).ended).toBe('interrupted');
  expect(interrupted.length).toBeGreaterThan(SERVICE_NAMES.length);
  expect(interrupted.filter(isAlive)).toEqual([]);

  const killed = corro.start(...replay);
  await decisionsReach(corro, 7);
  const orphans = stackMarks(corro);
  killed.process.kill('SIGKILL');
  expect((await killed.ended).signal).toBe('SIGKILL');
  const gone = await Promise.all(orphans.map((mark) => waitForEnd(mark, 120_000)));
  expect(gone.every(Boolean)).toBe(true);

  const rest = JSON.parse(await corro.ok(...replay)) as Summary;
  expectSameMarket(rest);
}, 1_200_000);

/** An interrupted run and its continuations together came to what one run comes to. */
function expectSameMarket(rest: Summary): void {
  expect(rest.chain).toEqual(first.chain);
  expect(rest.decidedBefore).toBeGreaterThan(0);
  expect(rest.decidedBefore + rest.decisions).toBe(first.decisions);
  const { books, orders, escalations, fills, motions, ledgerEqualsVenue } = first;
  expect(rest).toMatchObject({ books, orders, escalations, fills, motions, ledgerEqualsVenue });
}

/** Every process was killed so many times, and is there again. */
async function everyServiceRestarted(corro: Corro, times: number): Promise<void> {
  await until(
    `every process restarted ${times} times`,
    () => corro.state.services.every(({ pid, restarts }) => pid !== null && restarts >= times),
    300_000,
  );
}

async function decisionsReach(corro: Corro, wanted: number): Promise<void> {
  await until(
    `${wanted} decisions`,
    async () => {
      if (readStack(corro.home)?.status !== 'running') return false;
      const counted = corro.sql<{ n: string }>('select count(*) as n from decisions');
      // Postgres is one of those that are killed.
      const [row] = await counted.catch(() => []);
      return Number(row?.n) >= wanted;
    },
    300_000,
  );
}

function stackMarks(corro: Corro): ProcessMark[] {
  const { services, supervisorPid } = corro.state;
  const pids = [supervisorPid, ...services.flatMap(({ pid }) => (pid === null ? [] : [pid]))];
  return pids.flatMap((pid) => markOf(pid) ?? []);
}
