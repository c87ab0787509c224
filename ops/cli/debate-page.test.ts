import { describe, expect, test } from 'vitest';
import type { DebateShown } from '../../adapters/store/debates.ts';
import type { Decision } from '../../adapters/store/decisions.ts';
import { EMPTY_MEMORY } from '../../core/assistants/mind.ts';
import { minds } from '../../core/assistants/minds.ts';
import {
  FORECAST,
  type SnapshotChange,
  snapshotOf,
} from '../../core/assistants/snapshot.fixture.ts';
import type { Utterance } from '../../core/assistants/speech.ts';
import { judge } from '../../core/debate/judge.ts';
import { DEFAULT_RULES } from '../../core/debate/rules.ts';
import { DEFAULT_USER_CONFIG } from '../../core/debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS } from '../../core/debate/weights.ts';
import { hashOf } from '../../core/hash.ts';
import { debatePage } from './debate-page.ts';

// Failure here looks like: a person who cannot tell which model a decision heard.

const WHEN = new Date(0);

/** A debate of one opinion, the strategist's. */
function pageOf(change: SnapshotChange): string {
  const snapshot = snapshotOf(change);
  const { eventId, symbol, closeTimeMs, timeframe } = snapshot;
  const address = { debateId: 'd', eventId, symbol, round: 1, messageId: '' };
  const content = minds.strategist.opinion(snapshot, EMPTY_MEMORY);
  const said: Utterance = { ...address, kind: 'opinion', role: 'strategist', content };
  const { verdict, ...judged } = judge({
    ...{ utterances: [said], snapshot, weights: EQUAL_REGIME_WEIGHTS },
    ...{ userConfig: DEFAULT_USER_CONFIG, rules: DEFAULT_RULES },
  });
  const hash = hashOf(snapshot);
  const versions = { weightsVersion: 1, configVersion: 1, rulesVersion: 1 };
  const decision: Decision = {
    ...{ id: 'i', debateId: 'd', userId: 'u', username: 'ann', seq: 1, prevHash: hash, hash },
    ...{ eventId, symbol, closeTimeMs, snapshotHash: hash, silent: [], recordedAt: WHEN },
    ...{ action: verdict.action, verdict: verdict.kind, confidenceBp: verdict.confidenceBp },
    ...{ votes: judged.votes, reasoning: judged.reasoning, arms: judged.arms, ...versions },
  };
  const motion = { ...{ debateId: 'd', detectorVersion: 1, snapshot, eventId }, startedAt: WHEN };
  const debate: DebateShown = {
    ...{ id: 'd', workflowId: 'w', timeframe, closeTimeMs, status: 'decided', rounds: 1 },
    ...{ contested: false, recordedAt: WHEN, decidedAt: WHEN, symbols: [symbol] },
    motions: [{ ...motion, snapshotHash: hash }],
    ...{ transcript: [said], decisions: [decision], escalations: [] },
  };
  return debatePage(debate);
}

describe('a debate for people', () => {
  test('a model was heard - its hash, its answer, who spoke of it, what it would have done', () => {
    const page = pageOf({ forecast: { ...FORECAST, worthBp: 7_500 } });
    const answer = 'rise 61 %, fall 20 %, nothing 19 %; 55 % sure, its vote counts 75 %';
    expect(page).toContain(`  model ${FORECAST.model}\n    foretells: ${answer}\n`);
    expect(page).toContain('model 3f3f3f3f gives a rise 61 %');
    expect(page).toContain('    model alone: BUY (3f3f3f3f)\n');
  });

  test('no model - none is spoken of', () => {
    expect(pageOf({})).not.toContain('model');
    expect(pageOf({})).toContain('without debate: inquorate HOLD');
  });
});
