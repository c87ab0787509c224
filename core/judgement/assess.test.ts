import { describe, expect, test } from 'vitest';
import { ROLES } from '../assistants/role.ts';
import type { Stance } from '../assistants/speech.ts';
import type { BacktestResult } from '../backtest/result.ts';
import { closesOf, type MarketSeries } from '../backtest/series.ts';
import type { AssistantCall, Decision } from '../backtest/strategy.ts';
import { Random } from '../random.ts';
import { type AssessInputs, assess } from './assess.ts';
import type { Assessment } from './assessment.ts';
import type { Run } from './returns.ts';
import { candlesOf, equityOf, marketOf, runOf, walkOf } from './run.fixture.ts';

// Failure here looks like: a report that flatters the debate, or one that cannot be read twice.

const SERIES = [marketOf('BTC/USDT', candlesOf('assess', 1_200))];
const BOOTSTRAP = { resamples: 200 };
const SURE: Stance = { buyBp: 8_000, sellBp: 1_000, holdBp: 1_000 };
const CAREFUL: Stance = { buyBp: 4_000, sellBp: 2_500, holdBp: 3_500 };

function runAs(seed: string, series: readonly MarketSeries[] = SERIES, mean = 0): Run {
  const timeMs = [...closesOf(series)].map(({ closeTimeMs }) => closeTimeMs);
  const base = runOf(equityOf(walkOf(seed, { count: timeMs.length, mean, deviation: 0.001 })));
  return { ...base, curve: { ...base.curve, timeMs } };
}

/** Every tenth close is debated; the assistants end where `last` says. */
function debated(seed: string, last: Stance): Decision[] {
  const random = new Random('debate', seed);
  const closes = [...closesOf(SERIES)].filter((_, at) => at % 10 === 0);
  return closes.map(({ closeTimeMs }) => {
    const opinions = ROLES.map((role) => opinion(role, random.chance(0.5) ? last : SURE));
    return decisionOf(closeTimeMs, opinions);
  });
}

function opinion(role: AssistantCall['role'], last: Stance): AssistantCall {
  return { role, first: SURE, firstConfidenceBp: 6_000, last, choice: 'BUY' };
}

function decisionOf(closeTimeMs: number, opinions: readonly AssistantCall[]): Decision {
  return {
    ...{ symbol: 'BTC/USDT', closeTimeMs, action: 'HOLD', confidenceBp: 5_000, why: 'test' },
    followUp: { kind: 'nothing', why: 'agreed_to_hold' },
    stance: CAREFUL,
    council: {
      ...{ trigger: 'cadence', verdict: 'consensus', contested: true, rounds: 3, opinions },
      arms: {
        bestSingle: null,
        voteWithoutDebate: { kind: 'consensus', action: 'BUY', confidenceBp: 6_000 },
        hold: { action: 'HOLD' },
      },
    },
  };
}

function resultOf(run: Run, decisions: readonly Decision[] = []): BacktestResult {
  const counts = { candles: 0, closes: 0, decisions: decisions.length, contested: 0 };
  return {
    ...run,
    version: 1,
    strategy: { name: 'council', version: 1, parameters: {} },
    ...{ gear: 'lean', decisions, orders: [] },
    counts: { ...counts, whyNoTrade: {}, verdicts: {}, questionedPrints: 0 },
  };
}

function assessed(inputs: Partial<AssessInputs> = {}): Assessment {
  const result = resultOf(runAs('judged'), debated('one', CAREFUL));
  return assess({ result, series: SERIES, bootstrap: BOOTSTRAP, ...inputs });
}

describe('assessment', () => {
  test('all of it - is JSON, the same twice, and every number finite', () => {
    const arms = [
      { name: 'vote', run: runAs('vote') },
      { name: 'assistant:auditor', run: runAs('auditor') },
    ];
    const one = assessed({ arms });
    expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    expect(assessed({ arms })).toEqual(one);
    expect(one.arms.map(({ name }) => name)).toEqual([
      ...['council', 'vote', 'assistant:auditor', 'hold'],
    ]);
    expect(one.arms.map(({ difference }) => difference === null)).toEqual([
      ...[true, false, false, false],
    ]);
    expect(one.hold).toEqual(one.arms.at(-1)?.metrics);
    const shares = one.regimes.reduce((sum, { share }) => sum + share, 0);
    expect(shares).toBeCloseTo(1, 12);
    expect(one.assistants.map(({ role }) => role)).toEqual([...ROLES]);
  });

  test('intervals - hold the figures they belong to', () => {
    const { intervals, metrics } = assessed();
    for (const name of ['sharpe', 'annualGrowth', 'totalReturn'] as const) {
      expect(intervals[name]?.low).toBeLessThan(metrics[name] ?? Number.NaN);
      expect(intervals[name]?.high).toBeGreaterThan(metrics[name] ?? Number.NaN);
    }
  });

  test('a debate that changed nothing in the books - is said to add nothing', () => {
    const { debate } = assessed({ arms: [{ name: 'vote', run: runAs('judged') }] });
    expect(debate).toMatchObject({ verdict: 'nothing', motions: 120, changed: 120, meanRounds: 3 });
    expect(debate?.words).toMatch(/^the debate adds nothing: council and vote made the same/);
  });

  test('a debate whose worth is noise - adds nothing that can be shown', () => {
    const { debate } = assessed({ arms: [{ name: 'vote', run: runAs('another') }] });
    expect(debate?.verdict).toBe('nothing');
    expect(debate?.words).toMatch(/^the debate adds nothing that can be shown: no difference/);
  });

  test('a debate that pays, one that costs, one without its arm - each is called so', () => {
    const rich = resultOf(runAs('judged', SERIES, 0.001), debated('one', CAREFUL));
    const arms = [{ name: 'vote', run: runAs('poor') }];
    expect(assessed({ result: rich, arms }).debate?.verdict).toBe('adds');
    const poor = [{ name: 'vote', run: runAs('rich', SERIES, 0.001) }];
    expect(assessed({ arms: poor }).debate?.verdict).toBe('costs');
    expect(assessed().debate).toMatchObject({ verdict: 'unknown', difference: null });
  });

  test('minds changed for the better - a gain in Brier score, for the ring and for each', () => {
    // Being sure of BUY is wrong two times in three here.
    const { debate, assistants, ring } = assessed();
    expect(debate?.brierGain.mean).toBeGreaterThan(0);
    expect(debate?.brierGain.interval?.low).toBeGreaterThan(0);
    for (const { first, last, revisions } of assistants) {
      expect(last.brier).toBeLessThan(first.brier ?? 0);
      expect(revisions.mean).toBeGreaterThan(0);
    }
    expect(ring?.settled).toBeGreaterThan(100);
    expect((ring?.settled ?? 0) + (ring?.unsettled ?? 0)).toBe(120);
  });

  test('a plain strategy - no ring, no assistants, no debate', () => {
    const plain = assessed({ result: resultOf(runAs('plain')) });
    expect(plain).toMatchObject({ ring: null, assistants: [], debate: null });
    expect(plain.deflated).toMatchObject({ trials: 1, benchmark: 0 });
  });

  test('two markets with other sessions - one clock, one regime for each return', () => {
    const candles = candlesOf('spy', 1_200).filter((_, at) => at % 100 < 30);
    const series = [...SERIES, marketOf('SPY/USDT', candles)];
    const found = assess({
      result: resultOf(runAs('two', series)),
      series,
      bootstrap: BOOTSTRAP,
    });
    expect(found.arms.at(-1)?.metrics.fills).toBe(2);
    expect(found.regimes.reduce((sum, { returns }) => sum + returns, 0)).toBe(1_200);
  });

  test('candles before the run - warm up what its first opinions are judged by', () => {
    const market = SERIES[0] as MarketSeries;
    const from = market.candles.at(400)?.openTimeMs ?? 0;
    const late = { ...market, candles: market.candles.between(from, Number.POSITIVE_INFINITY) };
    const run = runAs('late', [late]);
    const opening = run.curve.timeMs.slice(0, 10);
    const decisions = opening.map((timeMs) => decisionOf(timeMs, []));
    const result = { ...resultOf(run, decisions), data: { ...run.data, fromMs: from } };
    const cold = assess({ result, series: [late], bootstrap: BOOTSTRAP });
    const warm = assess({ result, series: SERIES, bootstrap: BOOTSTRAP });
    expect(cold.ring).toMatchObject({ settled: 0, unsettled: 10 });
    expect(warm.ring).toMatchObject({ settled: 10, unsettled: 0 });
    expect(warm.hold).toEqual(cold.hold);
    expect(warm.metrics).toEqual(cold.metrics);
  });

  test('an arm on another clock - is refused', () => {
    const run = runOf(equityOf(walkOf('short', { count: 10 })));
    expect(() => assessed({ arms: [{ name: 'vote', run }] })).toThrow('must share one clock');
  });
});
