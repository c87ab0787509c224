import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANCHOR_FILE } from '../ops/audit/anchors.ts';
import type { ChainAudit } from '../ops/audit/chain-report.ts';
import { INVARIANTS } from '../ops/audit/invariants.ts';
import { SoundRun, violated } from './audit-floor.ts';
import { PLANTED } from './audit-plants.ts';
import { until } from './e2e/corro.ts';

/** Failure here means: the books can be wrong in a way the checker does not see, or it cries over
 * books that are right. One real run of the whole stack; each test plants one violation into a copy
 * of what it left, as a superuser or in the venue's log, and the checker must name it and nothing
 * else. */

const run = new SoundRun();

beforeAll(() => run.open(), 600_000);
afterAll(() => run.close());

describe('audit', () => {
  test('sound books - no violation, and every invariant with state has seen rows', async () => {
    const report = await run.audit();
    expect(report.findings.flatMap((finding) => finding.shown)).toEqual([]);
    expect(report.sound).toBe(true);
    expect(report.findings.map((finding) => finding.number)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    const blind = report.findings.filter((one) => one.seen.database === 0).map((one) => one.number);
    expect(blind).toEqual([15, 20]);
  });

  test.each(PLANTED)('$name - is found', async ({ breaks, says, ...plant }) => {
    const report = await run.audit(plant);
    const found = report.findings.flatMap((finding) => finding.shown);
    const texts = found.map(({ id, text }) => `${id} ${text}`);
    expect(violated(report), texts.join('\n')).toEqual(breaks);
    expect(texts).toContainEqual(expect.stringMatching(says));
  });

  test('between two checks of one process - what is new is held to what it remembers', async () => {
    const { next } = await run.auditOn(`
      insert into audit (partition, seq, act, reference, body, prev_hash, hash)
      select partition, head.seq + 1, 'order-sent', step.reference,
        step.body || '{"executedQuantity": "0", "epoch": "0"}', head.hash, repeat('0', 64)
      from audit step join audit_heads head using (partition)
      where step.act = 'order-filled' order by step.seq desc limit 1`);
    const found = next.findings.flatMap(({ shown }) => shown.map(({ text }) => text));
    expect(found).toContainEqual(expect.stringMatching('from order-filled to order-sent'));
    expect(found).toContainEqual(expect.stringMatching('with epoch 0 after epoch'));
    expect(violated(next)).toEqual(expect.arrayContaining([9, 11, 13]));
  });

  test('between two checks of one process - a full one finds what was rewritten', async () => {
    const { full } = await run.auditOn(`
      update audit set body = body || '{"epoch": "999"}' where act = 'order-sent'`);
    expect(violated(full)).toEqual(expect.arrayContaining([9, 13]));
  });

  test('every invariant that can be checked has a violation planted for it', () => {
    const planted = new Set(PLANTED.flatMap((one) => one.breaks));
    const checked = INVARIANTS.filter((one) => one.check !== null).map((one) => one.number);
    expect(checked.filter((number) => !planted.has(number))).toEqual([]);
  });

  test('a person at the command line - a running stack is sound, exit code 0', async () => {
    const { code, stdout, stderr } = await run.corro.run('audit', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sound: true, violations: 0 });
  });

  test('violations in a running stack - named, exit code 8, and trading is halted', async () => {
    const { corro } = run;
    const halts = (): Promise<{ level: string; placed_by: string; reason: string }[]> =>
      corro.sql(`select level, placed_by, reason from halts where name = 'violation-10'
        and lifted_at is null`);
    expect(await halts()).toEqual([]);
    await corro.sql('update positions set quantity = quantity + 1');
    try {
      const { code, stdout } = await corro.run('audit', '--invariant', '10');
      expect(code).toBe(8);
      expect(stdout).toMatch(/10: .* position is .*, its fills make/);
      const [halt] = await until('the halt', async () => orNull(await halts()), 120_000);
      expect(halt).toMatchObject({ level: 'pause', placed_by: 'checker' });
      expect(halt?.reason).toMatch(/position is .*, its fills make/);
    } finally {
      await corro.sql('update positions set quantity = quantity - 1');
    }
    // Lifting is a person's; a check under way may still find what was planted and ask again.
    await until('a lift that lasts', () => liftedForGood(halts), 120_000);
    const unknown = await corro.run('audit', '--invariant', '99');
    expect(unknown.code).toBe(2);
  }, 480_000);

  test('anchors - the stack keeps them; a chain made right again is found by them', async () => {
    const { corro } = run;
    const anchored = () => corro.json<ChainAudit>('audit', '--chain');
    const sound = await until(
      'anchors',
      async () => {
        const report = await anchored();
        return (report.anchors?.anchors ?? 0) > 0 ? report : null;
      },
      120_000,
    );
    expect(sound).toMatchObject({ sound: true, anchors: { violations: [] } });
    const file = join(corro.home, 'anchors', ANCHOR_FILE);
    const kept = readFileSync(file, 'utf8');
    writeFileSync(file, '');
    try {
      const { code, stdout } = await corro.run('audit', '--chain');
      expect(code).toBe(8);
      expect(stdout).toMatch(/anchor \d+ of .* was published, the file lacks it/);
    } finally {
      writeFileSync(file, kept);
    }
  }, 480_000);
});

function orNull<T>(rows: readonly T[]): readonly T[] | null {
  return rows.length > 0 ? rows : null;
}

/** Lifts the halt as often as it is there; true once a whole check has not asked for it again. */
async function liftedForGood(halts: () => Promise<readonly unknown[]>): Promise<boolean> {
  const { corro } = run;
  const checked = await checksDone();
  if ((await halts()).length > 0) {
    await corro.ok('halt', 'lift', 'violation-10', '--reason', 'the row is right again', '--json');
    return false;
  }
  await until('two more checks', async () => (await checksDone()) >= checked + 2, 60_000);
  return (await halts()).length === 0;
}

async function checksDone(): Promise<number> {
  const { services } = run.corro.state;
  const url = services.find((one) => one.service === 'checker')?.healthUrl ?? '';
  const facts = (await (await fetch(url)).json()) as { readonly checks: number };
  return facts.checks;
}
