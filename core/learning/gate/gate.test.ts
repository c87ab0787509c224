import { describe, expect, test } from 'vitest';
import { ACTIONS, type Action } from '../../assistants/speech.ts';
import { marketOf } from '../../backtest/market.fixture.ts';
import { DEFAULT_USER_RULES } from '../../debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS, forEveryRole } from '../../debate/weights.ts';
import { REGIMES } from '../../features/reading.ts';
import type { Forecast } from '../../models/forecast.ts';
import type { GateCandidate, GateCase, GateReport } from './case.ts';
import { runGate } from './gate.ts';
import { recordedOn } from './recorded.fixture.ts';

// Failure here looks like: a change that is let through though it is worse, a change called worse
// that changes nothing, or a comparison with a record that was not reproduced.

const series = marketOf('gate', { candles: 3_000 });
const cases = recordedOn(series);

function gate(candidate: GateCandidate, over: readonly GateCase[] = cases): GateReport {
  return runGate({ cases: over, memories: [], candidate, series: [series] });
}

function weightsOf(role: 'strategist' | 'technical_analyst', weight: number) {
  const weights = { ...forEveryRole(() => 1), [role]: weight };
  return Object.fromEntries(
    REGIMES.map((regime) => [regime, weights]),
  ) as unknown as typeof EQUAL_REGIME_WEIGHTS;
}

/** A model that gives four fifths to what `saying` names of each motion. */
function modelSaying(saying: (one: GateCase) => Action): GateCandidate {
  const forecasts = cases.map((one): [string, Forecast] => {
    const said = saying(one);
    const share = (action: Action): number => (action === said ? 8_000 : 1_000);
    const figures = { confidenceBp: 8_000, magnitudeBps: 50, riskBps: 50, worthBp: 10_000 };
    const model = 'a'.repeat(64);
    const shares = { buyBp: share('BUY'), sellBp: share('SELL'), holdBp: share('HOLD') };
    return [one.eventId, { model, ...shares, ...figures }];
  });
  return { kind: 'model', name: 'planted', knowsToMs: 0, forecasts: new Map(forecasts) };
}

const NEXT: Record<Action, Action> = { BUY: 'SELL', SELL: 'BUY', HOLD: 'BUY' };

describe('weights', () => {
  test('the same - nothing flips, both sides trade alike', () => {
    const report = gate({
      kind: 'weights',
      name: '1',
      knowsToMs: null,
      weights: EQUAL_REGIME_WEIGHTS,
    });
    expect(report).toMatchObject({ flips: [], unreproduced: 0, undecided: 0, passed: true });
    expect(report.motions).toBe(cases.length);
    expect(report.actions.after).toEqual(report.actions.before);
    expect(report.money?.after).toEqual(report.money?.before);
    expect(report.money?.verdict).toBe('equal');
  });

  test('one assistant above all - flips name it and its share', () => {
    const { flips, actions } = gate({
      kind: 'weights',
      name: 'technical analyst alone',
      knowsToMs: null,
      weights: weightsOf('technical_analyst', 1_000_000),
    });
    expect(flips.length).toBeGreaterThan(0);
    expect(actions.after).not.toEqual(actions.before);
    for (const { why } of flips) expect(why).toMatch(/^technical analyst weighs \d/);
  });
});

test('rules that ask for nearly all of the weight - fewer agree', () => {
  const rules = { ...DEFAULT_USER_RULES, thresholdBp: 9_500 };
  const { verdicts, flips } = gate({ kind: 'rules', name: 'threshold', rules });
  expect(verdicts.after.consensus).toBeLessThan(verdicts.before.consensus);
  expect(flips[0]?.why).toMatch(/^the rules differ; BUY/);
});

describe('a model', () => {
  test('none, as before - every debate comes to what is on record, and nothing flips', () => {
    const report = gate({ kind: 'model', name: 'none', knowsToMs: 0, forecasts: new Map() });
    expect(report).toMatchObject({ motions: cases.length, unreproduced: 0, flips: [] });
  });

  test('that knows what came - the ring believes more of it', () => {
    const report = gate(modelSaying(({ outcome }) => outcome?.label ?? 'HOLD'));
    expect(report.belief.interval?.low).toBeGreaterThan(0);
    expect(report.flips.some(({ why }) => why.includes('strategist votes'))).toBe(true);
    expect(report.passed).toBe(true);
  });

  test('that was trained on what is replayed - says so, motion for motion', () => {
    const none = { kind: 'model', name: 'none', forecasts: new Map() } as const;
    const closes = cases.map(({ snapshot }) => snapshot.closeTimeMs);
    const report = gate({ ...none, knowsToMs: closes[3] as number });
    expect(report.seen).toBe(3);
    expect(report.words).toContain('Of 3 of them it knew what came: on these it is no test.');
    const all = gate({ ...none, knowsToMs: (closes.at(-1) as number) + 1 });
    expect(all.words).toContain('Of all of them it knew what came');
    expect(gate({ ...none, knowsToMs: closes[0] as number }).words).not.toContain('no test');
  });

  test('that says the opposite - is stopped', () => {
    const report = gate(modelSaying(({ outcome }) => NEXT[outcome?.label ?? 'HOLD']));
    expect(report.passed).toBe(false);
    expect(report.words).toMatch(/^Worse by its belief/);
  });
});

describe('records', () => {
  test('a decision that is not what was said - is left out, and counted', () => {
    const [first, ...rest] = cases;
    const recorded = first?.recorded ?? null;
    if (first === undefined || recorded === null) throw new Error('a case was expected');
    const other = ACTIONS.find((action) => action !== recorded.action) ?? 'HOLD';
    const forged = { ...first, recorded: { ...recorded, action: other } };
    const candidate = {
      kind: 'weights',
      name: '1',
      knowsToMs: null,
      weights: EQUAL_REGIME_WEIGHTS,
    } as const;
    const report = gate(candidate, [forged, ...rest]);
    expect(report).toMatchObject({ unreproduced: 1, motions: cases.length - 1 });
  });

  test('somebody who was late - the count leaves the late words out as the ring did', () => {
    const late = cases.map((one) => ({ ...one, silent: ['3 ballot strategist'] }));
    const report = gate(
      { kind: 'weights', name: '1', knowsToMs: null, weights: EQUAL_REGIME_WEIGHTS },
      late,
    );
    expect(report.unreproduced).toBeGreaterThan(0);
  });

  test('none at all - says so, and stops nothing', () => {
    const report = gate(
      { kind: 'weights', name: '1', knowsToMs: null, weights: EQUAL_REGIME_WEIGHTS },
      [],
    );
    expect(report).toMatchObject({ motions: 0, money: null, passed: true });
    expect(report.words).toMatch(/no recorded decision/);
  });
});
