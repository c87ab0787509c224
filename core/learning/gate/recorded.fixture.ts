/** Debates as they would be on record. Only tests import this. */
import { holdDebate } from '../../backtest/debate.ts';
import { Motions } from '../../backtest/motions.ts';
import type { MarketSeries } from '../../backtest/series.ts';
import { simulate } from '../../backtest/simulate.ts';
import type { MarketView } from '../../backtest/strategy.ts';
import { DEFAULT_RULES } from '../../debate/rules.ts';
import { DEFAULT_USER_CONFIG } from '../../debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS } from '../../debate/weights.ts';
import { outcomeTerms } from '../../judgement/outcome.ts';
import { surveyMarket } from '../../judgement/survey.ts';
import { DEFAULT_CONDITIONS } from '../../venue/conditions.ts';
import type { GateCase } from './case.ts';

const HOUSE = {
  weights: EQUAL_REGIME_WEIGHTS,
  rules: DEFAULT_RULES,
  userConfig: DEFAULT_USER_CONFIG,
} as const;

/** Every debate the ring holds over a market under the default house, settled where it can be. */
export function recordedOn(series: MarketSeries): readonly GateCase[] {
  const motions = new Motions({ venue: 'paper', gear: 'full' });
  const cases: Omit<GateCase, 'outcome'>[] = [];
  const decide = (closed: readonly MarketView[], books: Parameters<Motions['put']>[1]): [] => {
    for (const motion of motions.put(closed, books)) {
      const { snapshot, memories } = motion;
      const held = holdDebate({ ...HOUSE, snapshot, memories, gear: 'full' });
      motions.learn(motion, (role) => held.record.byRole[role].held[0]?.opinion ?? null);
      const { action, kind: verdict, confidenceBp } = held.ruling.verdict;
      cases.push({
        eventId: snapshot.eventId,
        debateId: `debate-${snapshot.closeTimeMs}`,
        snapshot,
        utterances: held.transcript ?? [],
        silent: [],
        recorded: { action, verdict, confidenceBp, ...HOUSE },
      });
    }
    return [];
  };
  const strategy = { name: 'recorder', version: 1, warmup: 0, parameters: {}, decide };
  simulate({ series: [series], strategy, gear: 'full' });
  const asked = new Set(cases.map(({ snapshot }) => snapshot.closeTimeMs));
  const { motions: facts } = surveyMarket(series, asked, outcomeTerms(DEFAULT_CONDITIONS));
  return cases.map((one) => {
    return { ...one, outcome: facts.get(one.snapshot.closeTimeMs)?.outcome ?? null };
  });
}
