import { staleWhy } from '../../assistants/auditor.ts';
import { HOLD_CONFIDENCE_BP, SILENT_CONFIDENCE_BP } from '../../assistants/character.ts';
import { notExecutable } from '../../assistants/executor.ts';
import type { Memory } from '../../assistants/mind.ts';
import { LEAST_CONFIDENCE_BP } from '../../assistants/mind-of.ts';
import { vetoOf } from '../../assistants/risk-manager.ts';
import { ROLES, type Role } from '../../assistants/role.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import type { Stance } from '../../assistants/speech.ts';
import { LEAST_DISTANCE, LEAST_SHIFT, MOST_POINTS } from '../../assistants/talk.ts';
import { recordBp } from '../../assistants/track-record.ts';
import { isHeld } from '../../debate/holding.ts';
import { type Ruling, rulesFor } from '../../debate/judge.ts';
import type { DebateRules } from '../../debate/rules.ts';
import type { UserConfig } from '../../debate/user-config.ts';
import { applyUserWeights, type RegimeWeights } from '../../debate/weights.ts';
import { REGIMES, type Regime } from '../../features/reading.ts';
import type { AssistantCall } from '../strategy.ts';
import { AT, CITES, LeanReadings, SENSE_COUNT } from './senses.ts';
import { ABSTAIN, emptyBallots, leanArms, leanVerdict, smallWeights } from './tally.ts';
import { apart, type Given, HOLD, LeanView, TORN } from './view.ts';

export interface LeanTerms {
  readonly weights: RegimeWeights;
  readonly rules: DebateRules;
  readonly userConfig: UserConfig;
}

export interface LeanMotion {
  readonly snapshot: Snapshot;
  readonly memories: Readonly<Record<Role, Memory>>;
}

export interface LeanOutcome {
  readonly ruling: Ruling;
  /** In the order of `ROLES`. */
  readonly opinions: readonly AssistantCall[];
}

const SEATS = ROLES.length;
const FUNDAMENTAL = ROLES.indexOf('fundamental_analyst');
const EXECUTOR = ROLES.indexOf('executor');
const AUDITOR = ROLES.indexOf('auditor');

const WHOLE_SNAPSHOT = 32;
/** With more rounds there would be more than one of talk. */
const MOST_ROUNDS = 3;

/** A debate as arithmetic: what everybody would say is never said. What the ring comes to does not
 * depend on its words, but on which facts were shown to whom, and in one process they are always
 * true and always heard: no claim is false, nobody equivocates, nobody is late, and whoever moves
 * was shown something new. What is left of character, talk and judge under those four is here.
 * A property test holds it equal to the debate in words, motion by motion. It keeps scratch space
 * and no state: the same motion comes to the same. */
export class LeanRing {
  readonly #rules: DebateRules;
  readonly #weights: Readonly<Record<Regime, Float64Array | null>>;
  readonly #readings = new LeanReadings();
  readonly #opinions = ROLES.map(() => new LeanView());
  readonly #revisions = ROLES.map(() => new LeanView());
  readonly #kept = new Float64Array(SEATS);
  /** Bits of subjects that were shown to each. */
  readonly #shown = new Int32Array(SEATS);
  readonly #ranked = new Int32Array(SENSE_COUNT);
  readonly #firsts = emptyBallots();
  readonly #ballots = emptyBallots();

  constructor({ weights, rules, userConfig }: LeanTerms) {
    this.#rules = rulesFor(rules, userConfig.rules);
    this.#weights = Object.fromEntries(
      REGIMES.map((regime) => [
        regime,
        smallWeights(applyUserWeights(weights[regime], userConfig.weights)),
      ]),
    ) as Record<Regime, Float64Array | null>;
  }

  /** `null` where this arithmetic does not cover the motion: news to read, a young market, other
   * rounds, weights too large to be counted exactly. */
  hold({ snapshot, memories }: LeanMotion): LeanOutcome | null {
    const { reading, holdings, candles } = snapshot;
    const weights = this.#weights[reading.regime];
    const rules = this.#rules;
    if (weights === null || snapshot.news !== null || rules.maxRounds > MOST_ROUNDS) return null;
    if (candles.length !== WHOLE_SNAPSHOT) return null;
    const stale = staleWhy(snapshot) !== null;
    this.#opine({ snapshot, memories }, stale);
    const contested = this.#contested();
    const debated = contested && rules.maxRounds === MOST_ROUNDS;
    const moved = debated ? this.#debate(reading.regime) : 0;
    this.#vote(stale, moved);
    const bench = { weights, rules, veto: vetoOf(snapshot), holding: isHeld(holdings.quantity) };
    const ruling = {
      symbol: snapshot.symbol,
      verdict: leanVerdict(this.#ballots, bench),
      arms: leanArms(this.#firsts, bench, snapshot.forecast),
      rounds: debated ? MOST_ROUNDS : 2,
      contested,
      rulesVersion: rules.version,
    };
    return { ruling, opinions: this.#calls(moved) };
  }

  /** Round 1. */
  #opine({ snapshot, memories }: LeanMotion, stale: boolean): void {
    const { regime } = snapshot.reading;
    const close = snapshot.candles.at(-1)?.close ?? 0;
    this.#readings.read(snapshot);
    for (let place = 0; place < SEATS; place += 1) {
      const keptBp = recordBp(memories[ROLES[place] as Role], close);
      this.#kept[place] = keptBp;
      const view = this.#opinions[place] as LeanView;
      if (isSilent(place, stale)) view.fix(SILENT_CONFIDENCE_BP, 0);
      else view.form(place, this.#readings, { regime, keptBp, shown: 0 });
    }
    const blocked = notExecutable(snapshot);
    if (blocked === null) return;
    const [evidence] = blocked.evidence;
    const cited = BLOCKED_BY.get(evidence?.fact ?? '') ?? 0;
    (this.#opinions[EXECUTOR] as LeanView).fix(HOLD_CONFIDENCE_BP, cited);
  }

  #contested(): boolean {
    let wanted = 0;
    for (const { top, confidenceBp } of this.#opinions) {
      if (top !== TORN && confidenceBp >= this.#rules.confidentBp) wanted |= 1 << top;
    }
    return (wanted & (wanted - 1)) !== 0;
  }

  /** Bits of those who moved in the one round of talk. */
  #debate(regime: Regime): number {
    this.#talk();
    let moved = 0;
    for (let place = 0; place < SEATS; place += 1) {
      const before = this.#opinions[place] as LeanView;
      const fresh = (this.#shown[place] as number) & ~before.cited;
      if (fresh === 0 || before.count === 0) continue;
      const after = this.#revisions[place] as LeanView;
      const given: Given = { regime, keptBp: this.#kept[place] as number, shown: fresh };
      after.form(place, this.#readings, given);
      if (apart(before, after) >= LEAST_SHIFT) moved |= 1 << place;
    }
    return moved;
  }

  /** Challenges, and the answers to them: who is shown what. */
  #talk(): void {
    this.#shown.fill(0);
    for (let place = 0; place < SEATS; place += 1) {
      const own = this.#opinions[place] as LeanView;
      if (own.top === TORN || own.count === 0) continue;
      const to = this.#challenged(place, own);
      if (to < 0) continue;
      const other = this.#opinions[to] as LeanView;
      const points = this.#points(own, other.cited);
      this.#show(to, points);
      // Whoever is asked answers with what the challenger has not cited itself by now.
      this.#show(place, this.#points(other, own.cited | points));
    }
  }

  #show(place: number, subjects: number): void {
    this.#shown[place] = (this.#shown[place] as number) | subjects;
  }

  /** Whom an assistant asks: the one it disagrees with most among those whom it can show something;
   * -1: nobody. */
  #challenged(place: number, own: LeanView): number {
    let asked = 0;
    for (;;) {
      let [next, most] = [-1, -1];
      for (let other = 0; other < SEATS; other += 1) {
        if (other === place || (asked & (1 << other)) !== 0) continue;
        const held = this.#opinions[other] as LeanView;
        if (held.top === own.top) continue;
        const distance = apart(own, held);
        if (distance < LEAST_DISTANCE) continue;
        const disagreement = distance * held.confidenceBp;
        if (disagreement > most) [next, most] = [other, disagreement];
      }
      if (next < 0) return -1;
      if (this.#points(own, (this.#opinions[next] as LeanView).cited) !== 0) return next;
      asked |= 1 << next;
    }
  }

  /** What the strongest points cite that the other has not: bits of subjects. */
  #points(own: LeanView, cited: number): number {
    const ranked = this.#ranked;
    const count = own.strongest(own.top === TORN ? HOLD : own.top, this.#readings, ranked);
    let [points, subjects] = [0, 0];
    for (let at = 0; at < count && points < MOST_POINTS; at += 1) {
      const sense = ranked[at] as number;
      if ((cited & (1 << sense)) !== 0) continue;
      points += 1;
      subjects |= CITES[sense] as number;
    }
    return subjects;
  }

  #vote(stale: boolean, moved: number): void {
    for (let place = 0; place < SEATS; place += 1) {
      const { top: first, confidenceBp: firstBp } = this.#opinions[place] as LeanView;
      this.#firsts.choices[place] = first === TORN ? HOLD : first;
      this.#firsts.confidences[place] = firstBp;
      const { top, confidenceBp } = this.#standing(place, moved);
      const unsure = top === TORN || confidenceBp < LEAST_CONFIDENCE_BP;
      this.#ballots.choices[place] = unsure || isSilent(place, stale) ? ABSTAIN : top;
      this.#ballots.confidences[place] = confidenceBp;
    }
  }

  #standing(place: number, moved: number): LeanView {
    const from = (moved & (1 << place)) === 0 ? this.#opinions : this.#revisions;
    return from[place] as LeanView;
  }

  #calls(moved: number): readonly AssistantCall[] {
    return ROLES.map((role, place) => {
      if (place === FUNDAMENTAL) return NO_NEWS;
      const opinion = this.#opinions[place] as LeanView;
      const first = stanceOf(opinion);
      const isMoved = (moved & (1 << place)) !== 0;
      return {
        role,
        first,
        firstConfidenceBp: opinion.confidenceBp | 0,
        last: isMoved ? stanceOf(this.#revisions[place] as LeanView) : first,
        choice: CHOICES[((this.#ballots.choices[place] as number) + 1) as 0 | 1 | 2 | 3],
      };
    });
  }
}

/** What the fundamental analyst says without news: the same object for all motions. */
const NO_NEWS: AssistantCall = {
  role: ROLES[FUNDAMENTAL] as Role,
  first: { buyBp: 0, sellBp: 0, holdBp: 10_000 },
  firstConfidenceBp: SILENT_CONFIDENCE_BP,
  last: { buyBp: 0, sellBp: 0, holdBp: 10_000 },
  choice: 'ABSTAIN',
};

/** By choice + 1. */
const CHOICES = ['ABSTAIN', 'BUY', 'SELL', 'HOLD'] as const;

/** Subjects among the facts that block an order. */
const BLOCKED_BY: ReadonlyMap<string, number> = new Map([
  ['liquidity.meanQuoteVolume', 1 << AT.depth],
  ['liquidity.spreadBps', 1 << AT.cost],
]);

function isSilent(place: number, stale: boolean): boolean {
  return place === FUNDAMENTAL || (place === AUDITOR && stale);
}

/** As small integers: a long run keeps seven or more of these a debate, and doubles take twice the
 * room. */
function stanceOf({ buyBp, sellBp, holdBp }: LeanView): Stance {
  return { buyBp: buyBp | 0, sellBp: sellBp | 0, holdBp: holdBp | 0 };
}
