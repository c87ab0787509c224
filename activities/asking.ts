import { type ProposalRequest, proposeOrder } from '../adapters/store/proposals.ts';
import type { Reader } from '../adapters/store/store.ts';
import { questionText } from '../core/debate/answer.ts';
import { askingHash, askingNonce } from '../core/identity.ts';
import type { EscalationInput } from '../proto/escalation.ts';

/** One asking of a question: what is proposed at this price, in words and as it must be signed. */
export async function askAt(
  db: Reader,
  given: ProposalRequest & {
    readonly escalationId: string;
    readonly ask: number;
    readonly why: string;
  },
): Promise<Pick<EscalationInput, 'text' | 'referencePrice' | 'asking'>> {
  const { escalationId, ask, referencePrice } = given;
  const terms = await proposeOrder(db, given);
  const { quantity, limitPrice, noSize } = terms;
  const nonce = askingNonce({ escalationId, ask });
  const parameterHash = askingHash({ ...given, quantity, limitPrice });
  return {
    text: questionText({ ...given, ...terms }),
    referencePrice,
    asking: { ask, quantity, limitPrice, noSize, nonce, parameterHash },
  };
}
