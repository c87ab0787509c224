import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anySnapshot } from '../backtest/lean/snapshots.fixture.ts';
import { said } from '../debate/talk.fixture.ts';
import { REGIMES } from '../features/reading.ts';
import type { Forecast } from '../models/forecast.ts';
import { viewOf } from './character.ts';
import { grounded } from './evidence.ts';
import { EMPTY_MEMORY } from './mind.ts';
import { mindOf } from './mind-of.ts';
import { minds } from './minds.ts';
import { drift } from './senses/flow.ts';
import { meansTrend, stretch } from './senses/strategy.ts';
import { ABSENT, FORECAST, type SnapshotChange, snapshotOf } from './snapshot.fixture.ts';
import type { Snapshot } from './snapshot.ts';
import { ENSEMBLE, strategist } from './strategist.ts';

// Failure here looks like: a market without a model that is decided otherwise since there are
// models, or a model whose vote drift has taken and that votes on.

const { openness } = strategist.character;

/** The strategist as it was before there were models. */
const byRules = mindOf({
  role: 'strategist',
  openness,
  watches: (regime) => [
    { sense: meansTrend, weight: ENSEMBLE[regime].trend },
    { sense: drift, weight: ENSEMBLE[regime].momentum },
    { sense: stretch, weight: ENSEMBLE[regime].reversion },
  ],
});

const shown = new Set(['reading.indicators.rsi14', 'holdings.exposureBps']);
const sight = { memory: EMPTY_MEMORY, shown, wordless: false };
const opinionOf = (change: SnapshotChange) =>
  strategist.opinion(snapshotOf(change), EMPTY_MEMORY, false);
const foretelling = (change: Partial<Forecast> = {}, rest: SnapshotChange = {}) =>
  opinionOf({ ...rest, forecast: { ...FORECAST, ...change } });

function withoutForecast({ forecast: _, ...facts }: Snapshot): Snapshot {
  return facts;
}

describe('strategist - without a model', () => {
  const bare = anySnapshot(fc).map(withoutForecast);

  test('no forecast - its view, alone and after a challenge, is that of the rules', () => {
    fc.assert(
      fc.property(bare, (snapshot) => {
        const own = strategist.opinion(snapshot, EMPTY_MEMORY);
        expect(own).toEqual(byRules.opinion(snapshot, EMPTY_MEMORY));
        const moved = viewOf(strategist.character, snapshot, sight);
        expect(moved.opinion).toEqual(viewOf(byRules.character, snapshot, sight).opinion);
      }),
    );
  });

  test('a forecast of no worth - is none', () => {
    fc.assert(
      fc.property(bare, (snapshot) => {
        const drifted = { ...snapshot, forecast: { ...FORECAST, worthBp: 0 } };
        expect(viewOf(strategist.character, drifted, sight).opinion).toEqual(
          viewOf(byRules.character, snapshot, sight).opinion,
        );
      }),
    );
  });
});

describe('strategist - with a model', () => {
  test.each(REGIMES)('%s - the model weighs as much as all rules together', (regime) => {
    // Here each rule waits, by 0.4 of its weight; a model sure of a rise says nothing else.
    const sure = { buyBp: 10_000, sellBp: 0, holdBp: 0 };
    const { stance } = foretelling(sure, { reading: { regime } });
    expect(stance).toEqual({ buyBp: 7_143, sellBp: 0, holdBp: 2_857 });
  });

  test('what drift has left - is what is weighed', () => {
    const { stance } = foretelling({ worthBp: 5_000 });
    // Buying 4 × 0.41 / 2; waiting 4 × 0.4 of the rules and 4 × 0.19 / 2 of the model.
    expect(stance).toEqual({ buyBp: 2_929, sellBp: 0, holdBp: 7_071 });
    expect(stance.buyBp).toBeLessThan(foretelling().stance.buyBp);
  });

  test('a fall foretold - is sold; nothing foretold - is waited for', () => {
    const fall = foretelling({ buyBp: 500, sellBp: 9_000, holdBp: 500 });
    expect(fall.stance.sellBp).toBeGreaterThan(5_000);
    const nothing = foretelling({ buyBp: 500, sellBp: 500, holdBp: 9_000 });
    expect(nothing.stance.holdBp).toBe(10_000);
  });

  test('its reason - says which model spoke and what it gave, and rests on true facts', () => {
    const change = { forecast: { ...FORECAST, worthBp: 6_000 } };
    const opinion = opinionOf(change);
    const [reason] = opinion.reasons.filter(({ text }) => text.startsWith('model'));
    expect(reason?.text).toBe(
      'model 3f3f3f3f gives a rise 61 %, a fall 20 %, nothing 19 %; 55 % sure; ' +
        'its vote counts 60 %',
    );
    expect(reason?.evidence[0]).toEqual({ fact: 'forecast.buyBp', value: 6_100 });
    expect(grounded(opinion, snapshotOf(change))).toBe(true);
    expect(grounded(opinion, snapshotOf({ forecast: FORECAST }))).toBe(false);
    expect(grounded(opinion, snapshotOf())).toBe(false);
  });

  test('a claim the model never made - is struck by the auditor', () => {
    const snapshot = snapshotOf({ forecast: FORECAST });
    const strikesOn = (value: number) => {
      const reasons = [{ text: 'sure', evidence: [{ fact: 'forecast.buyBp', value }] }];
      const opinion = said('strategist', 'opinion', { ...foretelling(), reasons });
      const context = { snapshot, memory: EMPTY_MEMORY, heard: [opinion], round: 3 };
      return minds.auditor.ballot(context).strikes;
    };
    expect(strikesOn(FORECAST.buyBp)).toEqual([]);
    expect(strikesOn(9_000)).toEqual([
      { role: 'strategist', text: 'claims forecast.buyBp 9000: not in the snapshot' },
    ]);
  });

  test('nothing else to read - the model alone is no full view', () => {
    const alone = foretelling({}, { indicators: ABSENT });
    expect(alone.stance.buyBp).toBeGreaterThan(6_000);
    expect(alone.confidenceBp).toBeLessThan(5_000);
  });

  test('whoever is shown the forecast - reads it as the strategist does', () => {
    const snapshot = snapshotOf({ forecast: FORECAST });
    const facts = new Set(['forecast.buyBp']);
    const { character } = minds.technical_analyst;
    const before = viewOf(character, snapshot, { ...sight, shown: new Set() });
    const after = viewOf(character, snapshot, { ...sight, shown: facts });
    expect(after.opinion.stance.buyBp).toBeGreaterThan(before.opinion.stance.buyBp);
    const texts = after.weighed.map(({ impression }) => impression.text);
    expect(texts.at(-1)).toContain('model 3f3f3f3f');
  });
});
