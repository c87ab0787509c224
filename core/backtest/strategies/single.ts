import type { Role } from '../../assistants/role.ts';
import type { Opinion } from '../../assistants/speech.ts';
import { wantedBy } from '../../debate/arms.ts';
import type { FollowUp } from '../../debate/follow-up.ts';
import { isHeld } from '../../debate/holding.ts';
import { type House, houseOf, parametersOf, type RingTerms, whyOf } from '../council.ts';
import { firstRound } from '../debate.ts';
import { type Motion, Motions, RING_READS } from '../motions.ts';
import { RING_SETTLED } from '../settled.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from '../strategy.ts';

/** What one opinion alone leads to, counted as the control arms count it (core/debate/arms.ts):
 * its top action with its own confidence, no ballot, no veto; two equal tops are HOLD. */
export function decisionOf(motion: Motion, opinion: Opinion, books: BooksAtClose): Decision {
  const { symbol, closeTimeMs } = motion.snapshot;
  const action = wantedBy(opinion);
  const followUp = followOf(action, () => books.sellable(symbol));
  const { stance, confidenceBp } = opinion;
  return { symbol, closeTimeMs, action, confidenceBp, followUp, why: whyOf(followUp), stance };
}

function followOf(action: Decision['action'], sellable: () => string): FollowUp {
  if (action === 'HOLD') return { kind: 'nothing', why: 'agreed_to_hold' };
  if (action === 'SELL' && !isHeld(sellable())) return { kind: 'nothing', why: 'flat' };
  return { kind: 'order', side: action };
}

/** One assistant alone, at the council's motions. */
export class Single implements Strategy {
  readonly name: string;
  readonly version = 1;
  readonly warmup = RING_SETTLED;
  readonly reads = RING_READS;
  readonly parameters: Strategy['parameters'];
  readonly #role: Role;
  readonly #house: House;
  readonly #motions: Motions;

  constructor(role: Role, terms: RingTerms) {
    this.name = `assistant:${role}`;
    this.#role = role;
    this.#house = houseOf(terms);
    this.parameters = parametersOf(this.#house);
    this.#motions = new Motions(this.#house);
  }

  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[] {
    return this.#motions.put(closed, books).flatMap((motion) => {
      const { snapshot, memories } = motion;
      const { byRole } = firstRound({ ...this.#house, snapshot, memories }, [this.#role]);
      const opinion = byRole[this.#role].held[0]?.opinion ?? null;
      this.#motions.learn(motion, (role) => (role === this.#role ? opinion : null));
      return opinion === null ? [] : [decisionOf(motion, opinion, books)];
    });
  }
}
