import { describe, expect, test } from 'vitest';
import type { WeightsRecord } from '../../adapters/store/weights.ts';
import { ROLES } from '../../core/assistants/role.ts';
import { EQUAL_REGIME_WEIGHTS } from '../../core/debate/weights.ts';
import { DEFAULT_TERMS } from '../../core/learning/label.ts';
import { RingScoring } from '../../core/learning/scores.ts';
import { motionOf, stance } from '../../core/learning/settled.fixture.ts';
import type { RingView } from '../learning/ring-view.ts';
import { assistantPage, assistantView } from './assistant-page.ts';
import { assistantsPage, waitingWords } from './assistants-page.ts';

// Failure here looks like: a page that shows another assistant's figures, or says nothing where
// nothing is known.

const FIRST: WeightsRecord = {
  ...{ version: 1, weights: EQUAL_REGIME_WEIGHTS, reason: 'equal: nothing has been earned yet' },
  ...{ learnedToMs: null, evidence: {}, contentHash: '', recordedAt: new Date(0) },
};
const calm = { ...EQUAL_REGIME_WEIGHTS.calm, strategist: 20_000 };
const SECOND: WeightsRecord = {
  ...FIRST,
  ...{ version: 2, reason: 'the strategist did better when calm' },
  ...{ weights: { ...EQUAL_REGIME_WEIGHTS, calm }, learnedToMs: Date.UTC(2024, 0, 31) },
};
const WAITING = { venue: 'paper', symbol: 'BTC/USDT', timeframe: '5m' };

function viewOf(count: number): RingView {
  const scoring = new RingScoring(DEFAULT_TERMS);
  for (let at = 0; at < count; at += 1) {
    const label = at % 4 === 0 ? 'SELL' : 'BUY';
    const firsts = { strategist: stance(7_500, 1_500), auditor: stance(1_000, 8_000) };
    const motion = motionOf({ at, label, firsts, regime: at % 2 === 0 ? 'calm' : 'choppy' });
    const opinions = motion.opinions.map((one) =>
      one.role === 'auditor' && at % 4 > 0 ? { ...one, last: stance(9_000, 500) } : one,
    );
    const vote = { kind: 'consensus', action: 'BUY', confidenceBp: 6_000 } as const;
    const arms = { bestSingle: null, voteWithoutDebate: vote, hold: { action: 'HOLD' } } as const;
    const decided = { action: 'BUY', verdict: 'consensus', contested: true, rounds: 3 } as const;
    scoring.add({ ...motion, opinions, decision: { ...decided, stance: firsts.strategist, arms } });
  }
  const waiting = [{ ...WAITING, waiting: 2, never: 1, oldestMs: Date.UTC(2024, 1, 2) - 1 }];
  const shown = { hindsight: 0, waiting, weights: [SECOND, FIRST], outcomes: DEFAULT_TERMS };
  return { scores: scoring.scores(), ...shown };
}

/** No line of a page breaks before a percent sign. */
function spaced(page: string): string {
  return page.replaceAll('\u00a0', ' ');
}

describe('the ring on one page', () => {
  test('nothing yet - says why, what would change it, and what everybody weighs', () => {
    const page = assistantsPage({ ...viewOf(0), weights: [FIRST] });
    expect(page).toContain('Nothing has settled yet, so nobody has a score.');
    expect(page).toContain('or 12 candles have passed');
    expect(page).toContain('Weights version 1: equal: nothing has been earned yet.');
    for (const role of ROLES) expect(page).toContain(role.replaceAll('_', ' '));
    expect(page).not.toContain('NaN');
    expect(page).not.toContain('null');
  });

  test('whoever spoke has a row, the ring the last one; shares are of the vote', () => {
    const lines = spaced(assistantsPage(viewOf(80))).split('\n');
    const rows = lines.filter((line) => /^(strategist|auditor|the ring) +80 /.test(line));
    expect(rows.map((line) => line.split('  ')[0])).toEqual(['strategist', 'auditor', 'the ring']);
    // 0.75 against what came three times of four: 0.25² + 0.15² + 0.1²; and 0.75² + 0.85² + 0.1².
    expect(rows[0]).toContain('0.395');
    expect(lines).toContain('What came: BUY 75 %, SELL 25 %, HOLD 0 %.');
    // 2 of 8 when calm.
    expect(lines.find((line) => /^strategist +2\.00/.test(line))).toContain('2.00  25.0 %');
    expect(lines.join('\n')).toContain('The debate adds nothing: in all of 80 motions');
    expect(lines.at(-1)).toBe(
      '2 motions wait to settle, the oldest since 2024-02-02 00:00 UTC. ' +
        '1 motion never will: put before there was a range to judge by.',
    );
  });

  test('nothing waits - is said', () => {
    expect(waitingWords([])).toBe('No motion waits to settle.');
    expect(waitingWords([{ ...WAITING, waiting: 1, never: 0, oldestMs: null }])).toBe(
      '1 motion waits to settle.',
    );
  });
});

describe('one assistant on one page', () => {
  test('its regimes, its symbols, its curve, its changes of mind, its weights', () => {
    const page = spaced(assistantPage(assistantView('auditor', viewOf(80))));
    expect(page).toMatch(/^auditor: 80 opinions settled\./);
    expect(page).toMatch(/calm +40 /);
    expect(page).toMatch(/choppy +40 /);
    expect(page).toMatch(/BTC\/USDT +80 /);
    expect(page).toMatch(/It changed its mind 60 times, for the better: \+1\.\d+ of Brier score/);
    // It said 80 % SELL and was right one time in four: the bar ends at 10 of 40, the mark at 32.
    const bar = `${'█'.repeat(10)}${'·'.repeat(22)}│${'·'.repeat(8)}`;
    expect(page).toContain(`80 to 90 %  25 %  ${bar}`);
    // Version 2 changed the strategist's weight, and with it every share.
    expect(page).toContain('12.5 %');
  });

  test('versions that changed its weight, with their reasons', () => {
    const view = assistantView('strategist', viewOf(4));
    expect(view.weights.map(({ version }) => version)).toEqual([2, 1]);
    const page = assistantPage(view);
    expect(page).toContain('the strategist did better when calm');
    expect(page).toContain('It has never changed its mind.');
    const other = assistantView('executor', viewOf(4));
    expect(other).toMatchObject({ score: null, bySymbol: [] });
    expect(assistantPage(other)).toContain('executor: nothing it said has settled yet.');
  });
});
