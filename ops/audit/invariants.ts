import { ANSWER_INVARIANTS } from './answer-invariants.ts';
import type { Invariant } from './context.ts';
import { DECISION_INVARIANTS } from './decision-invariants.ts';
import { ID_INVARIANTS } from './id-invariants.ts';
import { MANDATE_INVARIANTS } from './mandate-invariants.ts';
import { MONEY_INVARIANTS } from './money-invariants.ts';
import { ORDER_INVARIANTS } from './order-invariants.ts';
import { RECORD_INVARIANTS } from './record-invariants.ts';
import { STATE_INVARIANTS } from './state-invariants.ts';
import { TYPE_INVARIANTS } from './type-invariants.ts';
import { VERDICT_INVARIANTS } from './verdict-invariant.ts';

/** What this system has no state for, or what is proved in another way. */
const ELSEWHERE: readonly Invariant[] = [
  {
    number: 15,
    says: 'Signed outside signals: (source, nonce) unique, age within tolerance, key active.',
    unchecked: 'there are no outside signals yet',
    check: null,
  },
  {
    number: 20,
    says: 'No secret in any log, trace, history, dump or prompt.',
    unchecked: 'canary keys prove it in a test: who must not know a secret cannot look for it',
    check: null,
  },
];

/** Every invariant, by its number. */
export const INVARIANTS: readonly Invariant[] = [
  ...ORDER_INVARIANTS,
  ...MONEY_INVARIANTS,
  ...MANDATE_INVARIANTS,
  ...DECISION_INVARIANTS,
  ...VERDICT_INVARIANTS,
  ...ANSWER_INVARIANTS,
  ...RECORD_INVARIANTS,
  ...STATE_INVARIANTS,
  ...TYPE_INVARIANTS,
  ...ID_INVARIANTS,
  ...ELSEWHERE,
].sort((a, b) => a.number - b.number);
