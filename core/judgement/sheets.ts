import { ROLES, type Role } from '../assistants/role.ts';
import type { Action, Stance } from '../assistants/speech.ts';
import type { AssistantCall } from '../backtest/strategy.ts';
import { REGIMES, type Regime } from '../features/reading.ts';
import type {
  AssistantScore,
  BootstrapTerms,
  DebateWorth,
  RingScore,
  Score,
} from './assessment.ts';
import { PairedScores } from './difference.ts';
import { brierOf, CalibrationSheet, ScoreSheet } from './score.ts';

/** Where an assistant began and ended. */
type Call = Pick<AssistantCall, 'role' | 'first' | 'last'>;

/** What was said of one question and what came of it, in a backtest or in the ring itself. */
export interface Said {
  readonly closeTimeMs: number;
  /** `null`: not known. */
  readonly regime: Regime | null;
  /** `null`: the outcome is not known. */
  readonly label: Action | null;
  readonly opinions: readonly Call[];
}

/** Scores of the ring's own stances as they come. */
export class RingSheet {
  readonly #sheet = new ScoreSheet();
  readonly #reliability = new CalibrationSheet();
  #stances = 0;

  add(stance: Stance, label: Action | null): void {
    this.#stances += 1;
    this.#sheet.add(stance, label);
    if (label !== null) this.#reliability.add(stance, label);
  }

  /** `null` without any stance. */
  result(): RingScore | null {
    if (this.#stances === 0) return null;
    const { labels } = this.#sheet;
    return { ...this.#sheet.score(), labels, calibration: this.#reliability.calibration() };
  }
}

/** One sheet for each of several kinds of questions. */
export class SheetsBy<Key> {
  readonly #sheets = new Map<Key, ScoreSheet>();

  add(key: Key, stance: Stance, label: Action | null): void {
    let sheet = this.#sheets.get(key);
    if (sheet === undefined) {
      sheet = new ScoreSheet();
      this.#sheets.set(key, sheet);
    }
    sheet.add(stance, label);
  }

  scores(): ReadonlyMap<Key, Score> {
    return new Map([...this.#sheets].map(([key, sheet]) => [key, sheet.score()]));
  }
}

/** Everything gathered of one assistant. */
class AssistantSheet {
  readonly #first = new ScoreSheet();
  readonly #last = new ScoreSheet();
  readonly #reliability = new CalibrationSheet();
  readonly #regimes = new SheetsBy<Regime>();
  readonly #revisions = new PairedScores();

  add(call: Call, { closeTimeMs, regime, label }: Said): void {
    const { first, last } = call;
    if (first !== null) {
      this.#first.add(first, label);
      if (regime !== null) this.#regimes.add(regime, first, label);
      if (label !== null) this.#reliability.add(first, label);
    }
    if (last !== null) this.#last.add(last, label);
    const gain = gainOf(call, label);
    if (gain !== null) this.#revisions.add(closeTimeMs, gain);
  }

  result(role: Role, bootstrap: BootstrapTerms): AssistantScore {
    const byRegime = this.#regimes.scores();
    return {
      role,
      first: this.#first.score(),
      last: this.#last.score(),
      calibration: this.#reliability.calibration(),
      byRegime: REGIMES.flatMap((regime) => {
        const score = byRegime.get(regime);
        return score === undefined ? [] : [{ regime, score }];
      }),
      revisions: this.#revisions.result(bootstrap),
    };
  }
}

/** What changing its mind was worth: Brier of the first opinion less that of the last; `null` where
 * it did not change, was silent, or nobody knows what came. */
function gainOf({ first, last }: Call, label: Action | null): number | null {
  if (label === null || first === null || last === null || isSame(first, last)) return null;
  return brierOf(first, label) - brierOf(last, label);
}

function isSame(one: Stance, other: Stance): boolean {
  return one.buyBp === other.buyBp && one.sellBp === other.sellBp && one.holdBp === other.holdBp;
}

/** Scores of every assistant that speaks. Questions are added in order of time. */
export class AssistantSheets {
  readonly #sheets = new Map<Role, AssistantSheet>();

  add(said: Said): void {
    for (const call of said.opinions) {
      if (call.first === null && call.last === null) continue;
      let sheet = this.#sheets.get(call.role);
      if (sheet === undefined) {
        sheet = new AssistantSheet();
        this.#sheets.set(call.role, sheet);
      }
      sheet.add(call, said);
    }
  }

  /** In the order of `ROLES`; who never spoke is left out. */
  scores(bootstrap: BootstrapTerms): AssistantScore[] {
    return ROLES.flatMap((role) => this.#sheets.get(role)?.result(role, bootstrap) ?? []);
  }
}

/** What a debate did to one question. */
export interface Debated extends Said {
  readonly contested: boolean;
  readonly rounds: number;
  /** The action is another than the vote of round 1 would have been. */
  readonly changed: boolean;
}

/** What debates cost and what they did to beliefs. Questions are added in order of time. */
export class DebateSheet {
  readonly #gains = new PairedScores();
  #motions = 0;
  #contested = 0;
  #rounds = 0;
  #changed = 0;

  add(debated: Debated): void {
    const { closeTimeMs, label, opinions, contested, rounds, changed } = debated;
    this.#motions += 1;
    this.#rounds += rounds;
    if (contested) this.#contested += 1;
    if (changed) this.#changed += 1;
    for (const call of opinions) {
      const gain = gainOf(call, label);
      if (gain !== null) this.#gains.add(closeTimeMs, gain);
    }
  }

  result(bootstrap: BootstrapTerms): Omit<DebateWorth, 'difference' | 'verdict' | 'words'> {
    const motions = this.#motions;
    return {
      motions,
      contested: this.#contested,
      meanRounds: motions === 0 ? null : this.#rounds / motions,
      changed: this.#changed,
      brierGain: this.#gains.result(bootstrap),
    };
  }
}
