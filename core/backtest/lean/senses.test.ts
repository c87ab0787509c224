import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minds } from '../../assistants/minds.ts';
import { ROLES } from '../../assistants/role.ts';
import { ALL_SENSES, SENSES } from '../../assistants/senses/all.ts';
import { snapshotOf } from '../../assistants/snapshot.fixture.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import { REGIMES } from '../../features/reading.ts';
import { AT, CITES, LEAN_SENSES, LeanReadings } from './senses.ts';
import { anySnapshot } from './snapshots.fixture.ts';
import { FORETOLD_WATCHES, LeanView, WATCHES } from './view.ts';

// Failure here looks like: a sense or a weight of the assistants that was changed, and a backtest
// in the lean gear that still decides by the old one. The name of the test is the sense's.

const snapshots = anySnapshot(fc);
const NO_NEWS = ['newsSentiment', 'socialSentiment', 'marketCap'];
const DIGEST = { items: 1, newsSentiment: 0.5, socialSentiment: 0.5, marketCapChange: 0.01 };

function leanReading(snapshot: Snapshot, place: number) {
  const readings = new LeanReadings();
  readings.read(snapshot);
  const isPresent = (readings.present & (1 << place)) !== 0;
  return isPresent ? [readings.lean[place], readings.caution[place]] : null;
}

/** Bits of the senses whose subjects are among these facts. */
function subjectsAmong(facts: readonly string[], snapshot: Snapshot): number {
  let bits = 0;
  LEAN_SENSES.forEach((name, place) => {
    const subject = SENSES[name](snapshot)?.evidence[0].fact;
    if (subject !== undefined && facts.includes(subject)) bits |= 1 << place;
  });
  return bits;
}

describe('senses as numbers', () => {
  test.each(LEAN_SENSES)('%s - reads every market as the assistants read it', (name) => {
    let read = 0;
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const impression = SENSES[name](snapshot);
        const words = impression === null ? null : [impression.lean, impression.caution];
        // Zero is zero, whatever its sign.
        const plain = (two: typeof words) => two?.map((value) => value + 0) ?? null;
        expect(plain(leanReading(snapshot, AT[name]) as typeof words)).toEqual(plain(words));
        if (impression === null) return;
        read += 1;
        const facts = impression.evidence.map(({ fact }) => fact);
        const cited = subjectsAmong(facts, snapshot);
        const present = LEAN_SENSES.filter((one) => SENSES[one](snapshot) !== null);
        const known = present.reduce((bits, one) => bits | (1 << AT[one]), 0);
        expect((CITES[AT[name]] as number) & known).toBe(cited);
      }),
      { numRuns: 200 },
    );
    expect(read).toBeGreaterThan(0);
  });

  test('all senses but those of news - there is a bit for each', () => {
    const names = Object.keys(SENSES).filter((name) => !NO_NEWS.includes(name));
    expect(LEAN_SENSES).toEqual(names);
    expect(names.length).toBeLessThanOrEqual(31);
    expect(ALL_SENSES).toHaveLength(names.length + NO_NEWS.length);
  });

  test('senses of news - read nothing where there is none', () => {
    for (const name of NO_NEWS) {
      const sense = SENSES[name as keyof typeof SENSES];
      expect(sense(snapshotOf())).toBeNull();
      expect(sense(snapshotOf({ news: DIGEST }))).not.toBeNull();
    }
  });
});

describe.each(REGIMES)('weights as numbers, %s', (regime) => {
  test.each(ROLES.flatMap((role) => [[role, 'without'] as const, [role, 'with'] as const]))(
    '%s %s a forecast - watches what its character does',
    (role, forecast) => {
      const foretold = forecast === 'with';
      const seats = (foretold ? FORETOLD_WATCHES : WATCHES)[regime];
      const { senses, weights, total, each } = seats[ROLES.indexOf(role)] ?? fail(role);
      const { watches, openness } = minds[role].character;
      const own = watches(regime).filter(({ sense }) => foretold || sense !== SENSES.foretold);
      expect(
        own.every(({ sense, optional }) => (sense === SENSES.foretold) === (optional === true)),
      ).toBe(true);
      const listed = own.map(({ sense, weight }) => [nameOf(sense), weight] as const);
      const lean = Array.from(senses, (place, at) => [LEAN_SENSES[place], weights[at]]);
      expect(lean).toEqual(listed.filter(([name]) => !NO_NEWS.includes(name)));
      expect(total).toBe(own.reduce((sum, { weight }) => sum + weight, 0));
      expect(each).toBe((openness * total) / own.length);
      expect(lean.length > 0 || role === 'fundamental_analyst').toBe(true);
    },
  );
});

function nameOf(sense: (typeof ALL_SENSES)[number]): string {
  const found = Object.entries(SENSES).find(([, one]) => one === sense);
  return found?.[0] ?? 'a sense that is not listed';
}

function fail(role: string): never {
  throw new Error(`nobody watches for ${role}`);
}

test('a view of nothing read - waits', () => {
  const view = new LeanView();
  view.form(0, new LeanReadings(), { regime: 'calm', keptBp: 10_000, shown: 0 });
  expect([view.buyBp, view.sellBp, view.holdBp]).toEqual([0, 0, 10_000]);
});
