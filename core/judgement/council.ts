import type { Decision } from '../backtest/strategy.ts';
import type { Regime } from '../features/reading.ts';
import type {
  AssistantScore,
  BootstrapTerms,
  DebateWorth,
  Difference,
  DifferenceVerdict,
  RingScore,
  Score,
} from './assessment.ts';
import { AssistantSheets, DebateSheet, RingSheet, type Said, SheetsBy } from './sheets.ts';
import type { MarketSurvey, MotionFacts } from './survey.ts';

/** Facts of a decision's market at its close; `null` when the survey did not see it. */
export type FactsOf = (decision: Decision) => MotionFacts | null;

export function factsFrom(surveys: readonly MarketSurvey[]): FactsOf {
  const bySymbol = new Map(surveys.map((survey) => [survey.symbol, survey.motions]));
  return ({ symbol, closeTimeMs }) => bySymbol.get(symbol)?.get(closeTimeMs) ?? null;
}

/** How well the decisions' own stances foretold what came; `null` without any. */
export function ringScore(decisions: readonly Decision[], factsOf: FactsOf): RingScore | null {
  const sheet = new RingSheet();
  for (const decision of decisions) {
    if (decision.stance === null) continue;
    sheet.add(decision.stance, factsOf(decision)?.outcome?.label ?? null);
  }
  return sheet.result();
}

/** The ring's score in each regime that decisions were taken in. */
export function ringByRegime(
  decisions: readonly Decision[],
  factsOf: FactsOf,
): ReadonlyMap<Regime, Score> {
  const sheets = new SheetsBy<Regime>();
  for (const decision of decisions) {
    const facts = factsOf(decision);
    if (decision.stance === null || facts === null) continue;
    sheets.add(facts.regime, decision.stance, facts.outcome?.label ?? null);
  }
  return sheets.scores();
}

function saidIn(decision: Decision, factsOf: FactsOf): Said {
  const facts = factsOf(decision);
  return {
    closeTimeMs: decision.closeTimeMs,
    regime: facts?.regime ?? null,
    label: facts?.outcome?.label ?? null,
    opinions: decision.council?.opinions ?? [],
  };
}

/** Every assistant that spoke, in the order of `ROLES`. Decisions must be in order of time. */
export function assistantScores(
  decisions: readonly Decision[],
  factsOf: FactsOf,
  bootstrap: BootstrapTerms,
): AssistantScore[] {
  const sheets = new AssistantSheets();
  for (const decision of decisions) sheets.add(saidIn(decision, factsOf));
  return sheets.scores(bootstrap);
}

export interface DebateInputs {
  readonly decisions: readonly Decision[];
  readonly factsOf: FactsOf;
  readonly bootstrap: BootstrapTerms;
  /** The council's trading less that of the vote without debate; `null` when it was not run. */
  readonly difference: Difference | null;
}

/** What the debate cost and brought; `null` when nothing was debated. */
export function debateWorth(inputs: DebateInputs): DebateWorth | null {
  const { decisions, factsOf, bootstrap, difference } = inputs;
  const sheet = new DebateSheet();
  for (const decision of decisions) {
    const { council } = decision;
    if (council === undefined) continue;
    const { contested, rounds, arms } = council;
    const changed = arms.voteWithoutDebate.action !== decision.action;
    sheet.add({ ...saidIn(decision, factsOf), contested, rounds, changed });
  }
  const worth = sheet.result(bootstrap);
  if (worth.motions === 0) return null;
  const verdict = difference === null ? 'unknown' : WORTH[difference.verdict];
  return { ...worth, difference, verdict, words: worthWords(verdict, difference) };
}

const WORTH = {
  better: 'adds',
  worse: 'costs',
  equal: 'nothing',
  undecided: 'nothing',
  unknown: 'unknown',
} as const satisfies Record<DifferenceVerdict, DebateWorth['verdict']>;

function worthWords(verdict: DebateWorth['verdict'], difference: Difference | null): string {
  if (difference === null) return 'the vote without debate was not run: nothing to compare with';
  switch (verdict) {
    case 'adds':
      return `the debate adds: ${difference.words}`;
    case 'costs':
      return `the debate costs: ${difference.words}`;
    case 'nothing':
      return difference.verdict === 'equal'
        ? `the debate adds nothing: ${difference.words}`
        : `the debate adds nothing that can be shown: ${difference.words}`;
    case 'unknown':
      return `what the debate is worth is not known: ${difference.words}`;
  }
}
