import { ROLES, type Role } from '../../assistants/role.ts';
import type { Stance } from '../../assistants/speech.ts';
import type { DebateRecord } from '../../debate/record.ts';
import { forEveryRole } from '../../debate/weights.ts';
import type { OutcomeTerms } from '../../judgement/assessment.ts';
import { OutcomeSettler } from '../../judgement/outcome.ts';
import { brierOf } from '../../judgement/score.ts';
import { type House, houseOf, parametersOf, type RingTerms } from '../council.ts';
import { firstRound } from '../debate.ts';
import { type Motion, Motions, RING_READS } from '../motions.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from '../strategy.ts';
import { decisionOf } from './single.ts';

/** Even forecasts a new assistant is credited with: its record weighs little while it is short. */
const PRIOR_CALLS = 8;
/** Brier score of saying a third for each action: what those imagined forecasts scored. */
const EVEN_BRIER = 2 / 3;
/** Less sure than this an assistant has said nothing (it would abstain from a vote). */
const LEAST_CONFIDENCE_BP = 1_000;

interface Market {
  readonly settler: OutcomeSettler;
  /** What everybody thought at the closes that have not settled yet. */
  readonly waiting: Map<number, Readonly<Record<Role, Stance | null>>>;
}

/** At each motion, the assistant whose settled record up to then is best decides alone: the mean
 * Brier score of its first opinions on all markets, shrunk towards that of even forecasts by eight
 * imagined calls; on equal scores the earlier role. An opinion is settled by the triple barrier of
 * core/judgement/outcome.ts, and counts only from the close that settled it: what is chosen at one
 * close rests on what was known then. */
export class BestSingle implements Strategy {
  readonly name = 'best-single';
  readonly version = 1;
  /** A record is of everything that was ever settled: no past is too long ago to matter. */
  readonly warmup = Number.POSITIVE_INFINITY;
  readonly reads = RING_READS;
  readonly parameters: Strategy['parameters'];
  readonly #house: House;
  readonly #outcomes: OutcomeTerms;
  readonly #motions: Motions;
  readonly #markets = new Map<string, Market>();
  readonly #scores: Readonly<Record<Role, { sum: number; calls: number }>>;

  constructor(terms: RingTerms, outcomes: OutcomeTerms) {
    this.#house = houseOf(terms);
    this.#outcomes = outcomes;
    this.parameters = { ...parametersOf(this.#house), outcomes };
    this.#motions = new Motions(this.#house);
    this.#scores = forEveryRole(() => ({ sum: 0, calls: 0 }));
  }

  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[] {
    for (const view of closed) this.#settle(view);
    return this.#motions.put(closed, books).flatMap((motion) => {
      const { snapshot, memories } = motion;
      const record = firstRound({ ...this.#house, snapshot, memories });
      const decision = this.#decide(motion, record, books);
      this.#note(motion, record);
      return decision === null ? [] : [decision];
    });
  }

  #settle({ instrument: { symbol }, candle }: MarketView): void {
    const market = this.#markets.get(symbol);
    if (market === undefined) return;
    for (const { closeTimeMs, outcome } of market.settler.push(candle)) {
      const stances = market.waiting.get(closeTimeMs);
      market.waiting.delete(closeTimeMs);
      for (const role of ROLES) {
        const stance = stances?.[role] ?? null;
        if (stance === null) continue;
        this.#scores[role].sum += brierOf(stance, outcome.label);
        this.#scores[role].calls += 1;
      }
    }
  }

  #decide(motion: Motion, { byRole }: DebateRecord, books: BooksAtClose): Decision | null {
    let best: { readonly score: number; readonly decision: Decision } | null = null;
    for (const role of ROLES) {
      const opinion = byRole[role].held[0]?.opinion;
      if (opinion === undefined || opinion.confidenceBp < LEAST_CONFIDENCE_BP) continue;
      const { sum, calls } = this.#scores[role];
      const score = (sum + PRIOR_CALLS * EVEN_BRIER) / (calls + PRIOR_CALLS);
      if (best !== null && score >= best.score) continue;
      const decision = decisionOf(motion, opinion, books);
      best = { score, decision: { ...decision, why: `${role}: ${decision.why}` } };
    }
    return best?.decision ?? null;
  }

  #note(motion: Motion, { byRole }: DebateRecord): void {
    const { symbol, closeTimeMs, reading } = motion.snapshot;
    this.#motions.learn(motion, (role) => byRole[role].held[0]?.opinion ?? null);
    const { atr14 } = reading.indicators;
    // A market that never moved settles nothing.
    if (atr14 === null || atr14 <= 0) return;
    let market = this.#markets.get(symbol);
    if (market === undefined) {
      market = { settler: new OutcomeSettler(this.#outcomes), waiting: new Map() };
      this.#markets.set(symbol, market);
    }
    market.settler.add(closeTimeMs, atr14);
    const stanceOf = (role: Role): Stance | null => {
      const opinion = byRole[role].held[0]?.opinion;
      const silent = opinion === undefined || opinion.confidenceBp < LEAST_CONFIDENCE_BP;
      return silent ? null : opinion.stance;
    };
    market.waiting.set(closeTimeMs, forEveryRole(stanceOf));
  }
}
