import { followUp } from '../../debate/follow-up.ts';
import { voteOn } from '../../debate/judge.ts';
import {
  type House,
  houseOf,
  parametersOf,
  type RingTerms,
  ringStance,
  whyOf,
} from '../council.ts';
import { firstRound } from '../debate.ts';
import { type Motion, Motions, RING_READS } from '../motions.ts';
import { RING_SETTLED } from '../settled.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from '../strategy.ts';

/** The council without its debate: at the same motions the first opinions are counted as votes,
 * `voteWithoutDebate` of the control arms (core/debate/arms.ts). What is not agreed comes to
 * nothing. */
export class Vote implements Strategy {
  readonly name = 'vote';
  readonly version = 1;
  readonly warmup = RING_SETTLED;
  readonly reads = RING_READS;
  readonly parameters: Strategy['parameters'];
  readonly #house: House;
  readonly #motions: Motions;

  constructor(terms: RingTerms) {
    this.#house = houseOf(terms);
    this.parameters = parametersOf(this.#house);
    this.#motions = new Motions(this.#house);
  }

  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[] {
    return this.#motions.put(closed, books).map((motion) => this.#decide(motion, books));
  }

  #decide(motion: Motion, books: BooksAtClose): Decision {
    const { snapshot, memories } = motion;
    const { symbol, closeTimeMs } = snapshot;
    const inputs = { ...this.#house, snapshot, memories };
    const record = firstRound(inputs);
    this.#motions.learn(motion, (role) => record.byRole[role].held[0]?.opinion ?? null);
    const verdict = voteOn(record, inputs);
    const follow = followUp({ symbol, verdict }, this.#house.userConfig, books.sellable(symbol));
    return {
      symbol,
      closeTimeMs,
      action: verdict.action,
      confidenceBp: verdict.confidenceBp,
      followUp: follow,
      why: whyOf(follow),
      stance: ringStance(verdict),
    };
  }
}
