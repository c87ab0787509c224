import { ROLES } from '../core/assistants/role.ts';
import type { Action } from '../core/assistants/speech.ts';
import { DEFAULT_RULES } from '../core/debate/rules.ts';
import { verdict } from '../core/debate/tally.ts';
import { EQUAL_WEIGHTS } from '../core/debate/weights.ts';

/** Seven of one mind: what a verdict on that looks like. */
function judged(action: Action) {
  const ballots = ROLES.map((role) => ({ role, choice: action, confidenceBp: 6_000 }));
  const decided = verdict({
    ballots: ballots.map((ballot) => ({ ...ballot, worthBp: 10_000 })),
    weights: EQUAL_WEIGHTS,
    rules: DEFAULT_RULES,
    veto: null,
    holding: action === 'SELL',
  });
  return {
    action,
    verdict: decided.kind,
    confidenceBp: decided.confidenceBp,
    votes: ballots.map((ballot) => ({
      ...{ ...ballot, status: 'counted', worthBp: 10_000, why: 'as in the opinion' },
      shareBp: decided.tally.roleSharesBp[ballot.role] ?? 0,
    })),
    reasoning: ROLES.map((role) => ({
      ...{ role, round: 1, action, confidenceBp: 6_000, movedBy: null },
      text: 'the trend carries, the volume agrees, and the spread is small enough to act on',
      evidence: [{ fact: 'reading.indicators.rsi14', value: 55.123456789 }],
    })),
    arms: { bestSingle: null, hold: { action: 'HOLD' } },
  };
}
export const JUDGED = { BUY: judged('BUY'), SELL: judged('SELL') };
