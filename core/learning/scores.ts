import { ROLES, type Role } from '../assistants/role.ts';
import type { BootstrapTerms, OutcomeTerms } from '../judgement/assessment.ts';
import { DEFAULT_BOOTSTRAP } from '../judgement/bootstrap.ts';
import { ScoreSheet } from '../judgement/score.ts';
import { AssistantSheets, DebateSheet, RingSheet, SheetsBy } from '../judgement/sheets.ts';
import { ArmSheets } from './arm-worth.ts';
import type { RingScores, SettledMotion } from './contract.ts';
import { DEFAULT_TERMS } from './label.ts';

type Costs = Pick<OutcomeTerms, 'roundTripCost'>;

/** How everybody did, gathered motion by motion in the order of close times: memory grows with the
 * closes, not with what was said. */
export class RingScoring {
  readonly #ring = new RingSheet();
  readonly #assistants = new AssistantSheets();
  readonly #debate = new DebateSheet();
  readonly #arms: ArmSheets;
  readonly #symbols = new Map<string, SymbolSheets>();
  #motions = 0;
  #fromMs: number | null = null;
  #toMs: number | null = null;

  constructor({ roundTripCost }: Costs = DEFAULT_TERMS) {
    this.#arms = new ArmSheets(roundTripCost);
  }

  /** Throws a `RangeError` when time goes back: what hangs together would be torn apart. */
  add(motion: SettledMotion): void {
    const { closeTimeMs, regime, symbol, opinions, decision, outcome } = motion;
    const { label } = outcome;
    if (this.#toMs !== null && closeTimeMs < this.#toMs) {
      throw new RangeError(`closeTimeMs must not go back from ${this.#toMs}, was ${closeTimeMs}`);
    }
    this.#motions += 1;
    this.#fromMs ??= closeTimeMs;
    this.#toMs = closeTimeMs;
    const said = { closeTimeMs, regime, label, opinions };
    this.#assistants.add(said);
    const sheets = this.#symbols.get(symbol) ?? new SymbolSheets();
    this.#symbols.set(symbol, sheets);
    sheets.add(motion);
    if (decision === null) return;
    const { stance, contested, rounds, arms } = decision;
    if (stance !== null) this.#ring.add(stance, label);
    const changed = arms.voteWithoutDebate.action !== decision.action;
    this.#debate.add({ ...said, contested, rounds, changed });
    this.#arms.add({ ...motion, decision });
  }

  scores(bootstrap: BootstrapTerms = DEFAULT_BOOTSTRAP): RingScores {
    const arms = this.#arms.results(bootstrap);
    // The first of the arms is what the debate is measured against.
    const [{ verdict, words }] = arms as [(typeof arms)[number]];
    const symbols = [...this.#symbols].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      motions: this.#motions,
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      ring: this.#ring.result(),
      assistants: this.#assistants.scores(bootstrap),
      bySymbol: symbols.map(([symbol, sheets]) => ({ symbol, ...sheets.result() })),
      debate: { ...this.#debate.result(bootstrap), difference: null, verdict, words },
      arms,
    };
  }
}

/** First-round opinions and the ring's own stances about one symbol. */
class SymbolSheets {
  readonly #ring = new ScoreSheet();
  readonly #roles = new SheetsBy<Role>();

  add({ opinions, decision, outcome }: SettledMotion): void {
    const { label } = outcome;
    for (const { role, first } of opinions) if (first !== null) this.#roles.add(role, first, label);
    const stance = decision?.stance ?? null;
    if (stance !== null) this.#ring.add(stance, label);
  }

  result(): Omit<RingScores['bySymbol'][number], 'symbol'> {
    const scores = this.#roles.scores();
    const ring = this.#ring.score();
    return {
      ring: ring.settled === 0 ? null : ring,
      assistants: ROLES.flatMap((role) => {
        const score = scores.get(role);
        return score === undefined ? [] : [{ role, score }];
      }),
    };
  }
}

/** The same of motions that are at hand, in the order of close times. Pure: the same motions and
 * seed give the same scores. O(motions), and the bootstrap of each mean. */
export function scoreRing(
  motions: readonly SettledMotion[],
  bootstrap: BootstrapTerms = DEFAULT_BOOTSTRAP,
  costs: Costs = DEFAULT_TERMS,
): RingScores {
  const scoring = new RingScoring(costs);
  for (const motion of motions) scoring.add(motion);
  return scoring.scores(bootstrap);
}
