/** Failure here means: a process that dies, a line that is cut or a venue that lies makes the ring
 * lose a decision or a fill, send an order twice, or book what did not happen. The seed in the
 * report repeats it, and the home of the failed stack is kept. Every campaign has a stack of its
 * own, with real processes on real sockets; nothing of it is timed. */
import { afterAll, expect, test } from 'vitest';
import { KILL_POINTS } from '../activities/orders-points.ts';
import { POINTS } from '../ops/chaos/points.ts';
import type { CampaignReport } from '../ops/chaos/report.ts';
import type { Simulated } from '../ops/chaos/simulation/campaign.ts';
import { Corro, until } from './e2e/corro.ts';

const corro = new Corro();
const NO_HARM = {
  decisionsLost: 0,
  ordersDoubled: 0,
  fillsLost: 0,
  ledgerDifferences: 0,
  violations: 0,
};
/** One of each kind: more, and longer ones, are what `corro chaos --hours` is for. */
const FAULTS = [
  'point-after-mark-commit',
  'point-before-booking-commit',
  'kill-venue-gateway',
  'kill-postgres',
  'freeze-order-worker',
  'cut-reset',
  'venue-loses-replies',
  'disk-full',
  'blackout',
];

afterAll(() => corro.close());

test('campaign - one fault of each kind under load, no harm by any witness', async () => {
  const flags = ['--seed', '7', '--times', '1', '--faults', FAULTS.join()];
  const { code, stdout, stderr } = await corro.run('chaos', ...flags, '--json');
  const report = JSON.parse(stdout) as CampaignReport;
  expect(report.failures, stderr).toEqual([]);
  expect([code, report.ended]).toEqual([0, 'done']);
  const left = report.skipped.map(({ fault }) => fault);
  // Only what this machine has no right to do may be left out.
  expect(left.filter((fault) => fault !== 'disk-full')).toEqual([]);
  expect(report.kinds.map(({ fault }) => fault)).toEqual(
    FAULTS.filter((fault) => !left.includes(fault)).sort(),
  );
  for (const line of [...report.kinds, ...report.groups, report.total]) {
    expect(line).toMatchObject(NO_HARM);
  }
  expect(report.total.times).toBe(FAULTS.length - left.length);
  const { books } = report;
  expect(books).toMatchObject({ ordersUnknown: 0, fillsInvented: 0, ledgerDifferences: 0 });
  // Zeros of nothing would prove nothing.
  expect(books?.decisions).toBeGreaterThan(20);
  expect(books?.venueTrades).toBeGreaterThan(0);
  expect(books?.checkedRows).toBeGreaterThan(1_000);
  expect(report.home).toBeNull();
}, 1_200_000);

test('campaign - Ctrl-C ends it in order, with the summary so far', async () => {
  const flags = ['--hours', '1', '--faults', 'freeze-actor-host', '--json'];
  const run = corro.start('chaos', ...flags);
  const onItsWay = (): boolean => run.said().includes('the market moves');
  await until('the load', () => onItsWay() || run.process.exitCode !== null, 240_000);
  run.process.kill('SIGINT');
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(130);
  const report = JSON.parse(stdout) as CampaignReport;
  expect(report).toMatchObject({ ended: 'interrupted', failures: [], home: null });
  expect(report.command).toBe('./corro chaos --seed 7 --hours 1 --faults freeze-actor-host');
}, 400_000);

test('points - the campaign and the order worker name the same ones', () => {
  expect(POINTS).toEqual(KILL_POINTS);
});

test('simulation - from the command line; what is no fault or way is a usage error', async () => {
  const [result] = await corro.json<Simulated[]>('chaos', '--simulate', '5000', '--seed', '11');
  expect(result).toMatchObject({
    ...{ way: 'fenced', seed: 11, orders: 5_000 },
    ...{ doubled: 0, fillsLost: 0, fillsInvented: 0, undecided: 0 },
  });
  const [naive] = await corro.json<Simulated[]>('chaos', '--simulate', '5000', '--way', 'unfenced');
  expect(naive?.doubled).toBeGreaterThan(0);
  for (const words of [
    ['--faults', 'earthquake'],
    ['--way', 'luck'],
    ['--minutes', '0'],
  ]) {
    expect((await corro.run('chaos', ...words)).code, words.join(' ')).toBe(2);
  }
}, 120_000);
