import { answerText } from '../../core/debate/answer.ts';
import type { AnswerWish, EscalationInput, SignedAnswer } from '../../proto/escalation.ts';
import { keyIdOf, publicKeyOf, signText } from './signature.ts';

/** What a person wants to say, signed for a question as it is asked now. It holds as long as the
 * question does, unless `expiresAtMs` (market time, Unix milliseconds) ends it before. */
export function signAnswer(
  privatePem: string,
  question: EscalationInput,
  wish: AnswerWish,
): SignedAnswer {
  const { escalationId, decisionId, asking, deadlineMs } = question;
  const { verb, quantity, from, expiresAtMs = deadlineMs } = wish;
  const content = {
    escalationId,
    decisionId,
    ask: asking.ask,
    verb,
    ...(quantity === undefined ? {} : { quantity }),
    parameterHash: asking.parameterHash,
    nonce: asking.nonce,
    expiresAtMs,
  };
  return {
    ...content,
    keyId: keyIdOf(publicKeyOf(privatePem)),
    signature: signText(privatePem, answerText(content)),
    ...(from === undefined ? {} : { from }),
  };
}
