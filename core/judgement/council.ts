import { ROLES, type Role } from '../assistants/role.ts';
import type { Stance } from '../assistants/speech.ts';
import type { AssistantCall, Decision } from '../backtest/strategy.ts';
import { REGIMES, type Regime } from '../features/reading.ts';
import type {
  AssistantScore,
  BootstrapTerms,
  DebateWorth,
  Difference,
  DifferenceVerdict,
  RingScore,
  Score,
} from './assessment.ts';
import { PairedScores } from './difference.ts';
import { brierOf, CalibrationSheet, ScoreSheet } from './score.ts';
import type { MarketSurvey, MotionFacts } from './survey.ts';

/** Facts of a decision's market at its close; `null` when the survey did not see it. */
export type FactsOf = (decision: Decision) => MotionFacts | null;

export function factsFrom(surveys: readonly MarketSurvey[]): FactsOf {
  const bySymbol = new Map(surveys.map((survey) => [survey.symbol, survey.motions]));
  return ({ symbol, closeTimeMs }) => bySymbol.get(symbol)?.get(closeTimeMs) ?? null;
}

/** How well the decisions' own stances foretold what came; `null` without any. */
export function ringScore(decisions: readonly Decision[], factsOf: FactsOf): RingScore | null {
  const sheet = new ScoreSheet();
  const reliability = new CalibrationSheet();
  let stances = 0;
  for (const decision of decisions) {
    if (decision.stance === null) continue;
    const label = factsOf(decision)?.outcome?.label ?? null;
    stances += 1;
    sheet.add(decision.stance, label);
    if (label !== null) reliability.add(decision.stance, label);
  }
  if (stances === 0) return null;
  return { ...sheet.score(), labels: sheet.labels, calibration: reliability.calibration() };
}

/** The ring's score in each regime that decisions were taken in. */
export function ringByRegime(
  decisions: readonly Decision[],
  factsOf: FactsOf,
): ReadonlyMap<Regime, Score> {
  const sheets = new Map<Regime, ScoreSheet>();
  for (const decision of decisions) {
    const facts = factsOf(decision);
    if (decision.stance === null || facts === null) continue;
    sheetOf(sheets, facts.regime).add(decision.stance, facts.outcome?.label ?? null);
  }
  return new Map([...sheets].map(([regime, sheet]) => [regime, sheet.score()]));
}

function sheetOf(sheets: Map<Regime, ScoreSheet>, regime: Regime): ScoreSheet {
  let sheet = sheets.get(regime);
  if (sheet === undefined) {
    sheet = new ScoreSheet();
    sheets.set(regime, sheet);
  }
  return sheet;
}

/** Everything gathered of one assistant. */
class AssistantSheet {
  readonly #first = new ScoreSheet();
  readonly #last = new ScoreSheet();
  readonly #reliability = new CalibrationSheet();
  readonly #regimes = new Map<Regime, ScoreSheet>();
  readonly #revisions = new PairedScores();

  add({ first, last }: AssistantCall, closeTimeMs: number, facts: MotionFacts | null): void {
    const label = facts?.outcome?.label ?? null;
    if (first !== null) {
      this.#first.add(first, label);
      if (facts !== null) sheetOf(this.#regimes, facts.regime).add(first, label);
      if (label !== null) this.#reliability.add(first, label);
    }
    if (last !== null) this.#last.add(last, label);
    if (label === null || first === null || last === null || isSame(first, last)) return;
    this.#revisions.add(closeTimeMs, brierOf(first, label) - brierOf(last, label));
  }

  result(role: Role, bootstrap: BootstrapTerms): AssistantScore {
    return {
      role,
      first: this.#first.score(),
      last: this.#last.score(),
      calibration: this.#reliability.calibration(),
      byRegime: REGIMES.flatMap((regime) => {
        const sheet = this.#regimes.get(regime);
        return sheet === undefined ? [] : [{ regime, score: sheet.score() }];
      }),
      revisions: this.#revisions.result(bootstrap),
    };
  }
}

function isSame(one: Stance, other: Stance): boolean {
  return one.buyBp === other.buyBp && one.sellBp === other.sellBp && one.holdBp === other.holdBp;
}

/** Every assistant that spoke, in the order of `ROLES`. Decisions must be in order of time. */
export function assistantScores(
  decisions: readonly Decision[],
  factsOf: FactsOf,
  bootstrap: BootstrapTerms,
): AssistantScore[] {
  const sheets = new Map<Role, AssistantSheet>();
  for (const decision of decisions) {
    for (const call of decision.council?.opinions ?? []) {
      if (call.first === null && call.last === null) continue;
      const sheet = sheets.get(call.role) ?? new AssistantSheet();
      sheets.set(call.role, sheet);
      sheet.add(call, decision.closeTimeMs, factsOf(decision));
    }
  }
  return ROLES.flatMap((role) => sheets.get(role)?.result(role, bootstrap) ?? []);
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
  const gains = new PairedScores();
  let [motions, contested, rounds, changed] = [0, 0, 0, 0];
  for (const decision of decisions) {
    const { council } = decision;
    if (council === undefined) continue;
    motions += 1;
    rounds += council.rounds;
    if (council.contested) contested += 1;
    if (council.arms.voteWithoutDebate.action !== decision.action) changed += 1;
    const label = factsOf(decision)?.outcome?.label ?? null;
    for (const { first, last } of council.opinions) {
      if (label === null || first === null || last === null || isSame(first, last)) continue;
      gains.add(decision.closeTimeMs, brierOf(first, label) - brierOf(last, label));
    }
  }
  if (motions === 0) return null;
  const verdict = difference === null ? 'unknown' : WORTH[difference.verdict];
  return {
    ...{ motions, contested, meanRounds: rounds / motions, changed, difference },
    brierGain: gains.result(bootstrap),
    verdict,
    words: worthWords(verdict, difference),
  };
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
