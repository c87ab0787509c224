import { describe, expect, test } from 'vitest';
import { EQUAL_REGIME_WEIGHTS } from '../debate/weights.ts';
import type { AssistantScore, DebateWorth, Score } from '../judgement/assessment.ts';
import type { RingScores, SettledMotion } from './contract.ts';
import { earnWeights } from './earned-weights.ts';
import { type DriftFacts, insightsOf, type LearningFacts, type ModelFacts } from './insights.ts';
import { insightsMarkdown } from './insights-markdown.ts';
import { motionOf, stance } from './settled.fixture.ts';

// Failure here looks like: a report that praises, hides a loss beside holding, or says nothing.

const MARKET = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' };

const MOTIONS: readonly SettledMotion[] = Array.from({ length: 300 }, (_, at) =>
  motionOf({
    at: at * 12,
    label: at % 3 === 0 ? 'SELL' : 'BUY',
    regime: at % 2 === 0 ? 'calm' : 'turbulent',
    firsts: {
      strategist: stance(6_000, 2_000),
      executor: at === 30 ? stance(10_000, 0) : stance(4_000, 3_000),
      auditor: stance(1_000, 8_000),
    },
  }),
);

const SCORE: Score = {
  ...{ settled: 300, unsettled: 0, brier: 0.61, skill: 0.02, logScore: 1 },
  ...{ calls: 200, hits: 90, hitRate: 0.45, accuracy: 0.45 },
};

function assistant(role: AssistantScore['role'], brier: number, skill: number): AssistantScore {
  const score = { ...SCORE, brier, skill };
  return {
    role,
    first: score,
    last: score,
    calibration: { bins: [], expectedError: 0.08 },
    byRegime: [
      { regime: 'calm', score: { ...score, settled: 150 } },
      { regime: 'turbulent', score: { ...score, settled: 5 } },
    ],
    revisions:
      role === 'auditor'
        ? { pairs: 40, mean: -0.05, interval: { low: -0.08, high: -0.02, level: 0.95 } }
        : { pairs: 0, mean: null, interval: null },
  };
}

const DEBATE: DebateWorth = {
  ...{ motions: 300, contested: 120, meanRounds: 2.1, changed: 14, difference: null },
  brierGain: { pairs: 120, mean: 0.01, interval: { low: -0.01, high: 0.03, level: 0.95 } },
  verdict: 'nothing',
  words: 'the debate adds nothing that can be shown: +0.010 of Brier score, -0.010 to +0.030',
};

const SCORES: RingScores = {
  ...{ motions: 300, fromMs: 0, toMs: 1 },
  ring: {
    ...SCORE,
    labels: { BUY: 200, SELL: 100, HOLD: 0 },
    calibration: { bins: [], expectedError: 0.05 },
  },
  assistants: [
    assistant('strategist', 0.56, 0.05),
    assistant('executor', 0.6, 0.01),
    assistant('auditor', 1.1, -0.4),
  ],
  bySymbol: [],
  debate: DEBATE,
  arms: [
    {
      ...{ arm: 'hold', motions: 300, differing: 200, verdict: 'nothing' },
      net: { pairs: 300, mean: 0.0001, interval: null },
      brier: { pairs: 0, mean: null, interval: null },
      words: 'no difference shown between the ring and holding still',
    },
  ],
};

const REJECTED: ModelFacts = {
  verdict: 'rejected',
  words: 'rejected: not shown to be better than the label shares: Brier score 0.6612',
  ...{ hash: 'ab'.repeat(32), championHash: null, rows: 35_000 },
  checks: [
    { name: 'better', passed: false, words: 'not shown | to be better', figures: {} },
    { name: 'shadow', passed: false, words: '0 of 20 live answers so far', figures: {} },
  ],
  held: {
    ...{ acting: -0.043, trades: 310, buying: -0.01, other: 0, holding: 0.12 },
    beatsHolding: false,
  },
  folds: [1, 2].map((fold) => ({
    fold,
    testFrom: '2024-02-01T00:00:00.000Z',
    testTo: '2024-03-01T00:00:00.000Z',
    testRows: 7_000,
    brier: fold === 1 ? 0.67 : 0.65,
    baseBrier: 0.66,
    netReturn: fold === 1 ? null : -0.0003,
  })),
  importance: { rsi_14: 0.45, volatility_regime: 0.549, news_sentiment: 0.001 },
};

function factsOf(more: Partial<LearningFacts> = {}): LearningFacts {
  return {
    market: MARKET,
    fromMs: Date.UTC(2024, 0, 1),
    toMs: Date.UTC(2024, 5, 1),
    scores: SCORES,
    motions: MOTIONS,
    weights: {
      versionBefore: 1,
      version: 2,
      before: EQUAL_REGIME_WEIGHTS,
      earned: earnWeights(MOTIONS, EQUAL_REGIME_WEIGHTS),
    },
    model: REJECTED,
    drift: null,
    ...more,
  };
}

describe('insights', () => {
  test('what changed and why - the furthest weight first, the reason beside it', () => {
    const { headline, weights } = insightsOf(factsOf());
    expect(headline).toMatch(/^300 motions settled; weights 2 \(\d+ moved\); model rejected$/);
    const far = weights.changes.map(({ before, after }) => Math.abs(Math.log(after / before)));
    expect([...far].sort((a, b) => b - a)).toEqual(far);
    expect(weights.changes.length).toBeGreaterThan(5);
    expect(weights.words).toContain('weights move, most');
    const auditor = weights.changes.find(({ role }) => role === 'auditor');
    expect(auditor?.after).toBeLessThan(10_000);
  });

  test('what the ring got wrong - the surest wrong opinions of each, never a right one', () => {
    const { wrong } = insightsOf(factsOf());
    const executor = wrong.filter(({ role }) => role === 'executor');
    expect(executor).toHaveLength(3);
    expect(executor[0]).toMatchObject({ said: 'BUY', came: 'SELL', shareBp: 10_000, brier: 2 });
    expect(executor[0]?.eventId).toBe(MOTIONS[30]?.eventId);
    for (const { said, came } of wrong) expect(said).not.toBe(came);
  });

  test('a model that does not beat holding - said in the figures and in what to look at', () => {
    const { model, next } = insightsOf(factsOf());
    expect(model.beatsHolding).toBe(false);
    expect(next).toContain('buying by the model made -1.0 %, holding +12.0 % in the same time');
    expect(next).toContain('in 1 of 2 folds (1) the label shares alone did better');
    expect(next).toContain('features that the model does not use: news_sentiment');
    expect(next).toContain('the model rests on volatility_regime for 55 % of what it knows');
    expect(next).toContain('shadow: 0 of 20 live answers so far');
    expect(next.join('\n')).toContain('auditor: 40 changes of mind cost 0.050 of Brier score each');
    expect(next.join('\n')).toContain('auditor: skill -0.400 over 300 opinions');
  });

  test('regimes - nobody is called best on five opinions', () => {
    const { regimes } = insightsOf(factsOf());
    const [calm, turbulent] = regimes;
    expect(regimes).toHaveLength(2);
    expect(calm).toMatchObject({ regime: 'calm', motions: 150, labels: { BUY: 100, SELL: 50 } });
    expect(calm?.best).toEqual({ role: 'strategist', brier: 0.56 });
    expect(calm?.worst).toEqual({ role: 'auditor', brier: 1.1 });
    expect(turbulent).toMatchObject({ regime: 'turbulent', best: null, worst: null });
  });

  test('JSON - what is kept is what was found', () => {
    const insights = insightsOf(factsOf());
    expect(JSON.parse(JSON.stringify(insights))).toEqual(insights);
  });

  test('nothing settled, nothing trained - no section without content', () => {
    const scores: RingScores = {
      ...SCORES,
      ...{ motions: 0, ring: null, assistants: [] },
      debate: { ...DEBATE, motions: 0, verdict: 'unknown', words: 'no debate is settled yet' },
    };
    const model: ModelFacts = {
      verdict: 'untrained',
      words: 'must be at least 500 rows, were 120',
      ...{ hash: null, championHash: null, rows: 120, held: null },
      ...{ checks: [], folds: [], importance: {} },
    };
    const weights = {
      ...{ versionBefore: 1, version: 1, before: EQUAL_REGIME_WEIGHTS },
      earned: earnWeights([], EQUAL_REGIME_WEIGHTS),
    };
    const insights = insightsOf(factsOf({ scores, motions: [], model, weights }));
    expect(insights).toMatchObject({ wrong: [], regimes: [], model: { beatsHolding: null } });
    expect(insights.headline).toBe('0 motions settled; weights stay at version 1; model untrained');
    expect(insightsMarkdown(insights).match(/^## .*/gm)).toEqual([
      '## Weights: stay at version 1',
      '## Model: untrained',
      '## What debate added',
      '## What to look at next',
    ]);
  });
});

describe('as Markdown', () => {
  test('every section, tables that hold together, holding named', () => {
    const text = insightsMarkdown(insightsOf(factsOf()));
    expect(text.match(/^#+ .*/gm)).toEqual([
      '# What the ring learned: BTC/USDT, 5m, paper',
      '## Weights: version 2',
      '## Model: rejected',
      '## How everybody did',
      '## What the ring got wrong',
      '## Regimes',
      '## What debate added',
      '## What to look at next',
    ]);
    expect(text).toContain('It does not beat holding: -4.3 % in 310 trades after costs');
    expect(text).toContain('- no difference shown between the ring and holding still');
    expect(text).toContain('| better | no | not shown \\| to be better |');
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
    // Every row of a table has the cells of its head.
    const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
    expect(tables.length).toBeGreaterThanOrEqual(6);
    for (const table of tables) {
      const cells = table.split('\n').map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size).toBe(1);
    }
  });

  test('drift - in its own section, and among what to look at', () => {
    const worth: DriftFacts['worth'] = {
      ...{ level: 'discounted', worthBp: 5_000, retrain: true },
      words: 'rsi_14 has drifted; its vote counts 50 %, and it should be trained anew',
    };
    const drift: DriftFacts = { worth, population: null, calibration: null };
    const insights = insightsOf(factsOf({ drift }));
    expect(insightsMarkdown(insights)).toContain('## Drift: discounted');
    expect(insightsMarkdown(insights)).toContain('Retraining is asked for: this run has trained');
    const none = { ...insights.model, verdict: 'untrained', hash: null, words: 'too few' } as const;
    const text = insightsMarkdown({ ...insights, model: none });
    expect(text).toContain("this run has trained nothing (too few), so it is the next one's to do");
    const warned = { ...worth, level: 'warned', retrain: false } as const;
    const mild = insightsMarkdown({ ...insights, drift: { ...drift, worth: warned } });
    expect(mild).not.toContain('Retraining');
    expect(insights.next.at(-1)).toBe(`drift: ${worth.words}`);
  });
});
