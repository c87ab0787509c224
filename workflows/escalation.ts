import {
  allHandlersFinished,
  ChildWorkflowFailure,
  condition,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { EscalationActivities, JudgedAnswer } from '../activities/escalation.ts';
import type {
  Answer,
  AnswerReceipt,
  EscalationInput,
  EscalationResult,
  EscalationStatus,
  EscalationView,
} from '../proto/escalation.ts';
import { wire } from '../proto/subjects.ts';
import {
  answerSignal,
  answerUpdate,
  questionQuery,
  tapePassedSignal,
  WORKFLOWS,
} from './messages.ts';
import type { OrderOutcome, orderWorkflow } from './order.ts';

const steps = proxyActivities<EscalationActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** Answers one question may be given before it closes, and late ones that are recorded afterwards;
 * a flood ends as HOLD, not as an endless history. */
const MAX_ANSWERS = 50;
const ORDER_LOST = 'its order was ended in Temporal, see ./corro orders';
const NO_ANSWER = 'no answer before the deadline';
const TOO_MANY = `more than ${MAX_ANSWERS} answers`;

interface Pending {
  readonly answer: Answer;
  receipt: AnswerReceipt | null;
}

/** One question to a person. It ends with the first answer that stands, or with its deadline, and
 * then HOLD stands: silence never trades. Under the tape's clock nothing here looks at a timer. */
export async function escalationWorkflow(input: EscalationInput): Promise<EscalationResult> {
  const question = new Question(input);
  question.listen();
  const result = (await takeAnswers(question)) ?? question.unanswered();
  question.status = result.status;
  for (const pending of question.inbox) {
    pending.receipt = await question.refuseLate(pending.answer);
  }
  const { status, reason } = result;
  await steps.closeEscalation({ input, status, reason });
  setCurrentDetails(`${status}: ${reason}`);
  await condition(allHandlersFinished);
  return result;
}

/** Takes one answer after the other until one stands; `null` when the time is over first. */
async function takeAnswers(question: Question): Promise<EscalationResult | null> {
  const { input, inbox } = question;
  for (let taken = 0; taken < MAX_ANSWERS; taken += 1) {
    await nextTurn(input, () => inbox.length > 0 || question.expired());
    const pending = inbox.shift();
    if (pending === undefined) return null;
    const { asks, referencePrice } = question;
    const judged = await steps.judgeAnswer({ input, answer: pending.answer, asks, referencePrice });
    const { outcome, reason } = judged;
    if (judged.outcome === 'accepted') {
      question.status = judged.status;
      const result = await carryOut(input, judged);
      pending.receipt = { outcome, reason, order: result.order };
      return result;
    }
    if (judged.outcome === 'asked_again') question.askAgain(judged);
    pending.receipt = { outcome, reason, order: null };
  }
  return null;
}

async function carryOut(
  input: EscalationInput,
  { status, order: request, reason }: Extract<JudgedAnswer, { outcome: 'accepted' }>,
): Promise<EscalationResult> {
  const order = request && (await placeOrder(input, request));
  const lost = request !== null && order === null;
  const { escalationId } = input;
  return { escalationId, status, reason: lost ? `${reason}; ${ORDER_LOST}` : reason, order };
}

/** A question's state, and what is done at once with whatever arrives for it. */
class Question {
  readonly input: EscalationInput;
  readonly inbox: Pending[] = [];
  status: EscalationStatus = 'open';
  asks = 1;
  referencePrice: string;
  #tapeMs: number;
  #late = 0;

  constructor(input: EscalationInput) {
    this.input = input;
    this.referencePrice = input.referencePrice;
    this.#tapeMs = input.askedAtMs;
  }

  listen(): void {
    setHandler(questionQuery, () => this.#view());
    // Before those for answers: what came while no worker ran is handed to the handlers in the
    // order they are set, and an answer must know whether its time was over.
    setHandler(tapePassedSignal, (ms) => {
      this.#tapeMs = Math.max(this.#tapeMs, ms);
    });
    setHandler(answerSignal, async (answer) => {
      await this.#untilSettled();
      if (this.status !== 'open') await this.refuseLate(answer);
      else if (this.inbox.length < MAX_ANSWERS) this.#submit(answer);
    });
    setHandler(answerUpdate, async (answer) => {
      await this.#untilSettled();
      if (this.status !== 'open') return this.refuseLate(answer);
      if (this.inbox.length >= MAX_ANSWERS) {
        return { outcome: 'refused', reason: TOO_MANY, order: null };
      }
      const pending = this.#submit(answer);
      await condition(() => pending.receipt !== null);
      return pending.receipt as AnswerReceipt;
    });
  }

  /** The market's time has passed the deadline; live, Temporal's timers tell instead. */
  expired(): boolean {
    return this.#tapeMs >= this.input.deadlineMs;
  }

  askAgain(judged: Extract<JudgedAnswer, { outcome: 'asked_again' }>): void {
    this.asks += 1;
    this.referencePrice = judged.referencePrice;
    setCurrentDetails(`Asked again: ${judged.reason}`);
  }

  unanswered(): EscalationResult {
    const { escalationId, clock } = this.input;
    const why = this.expired() || clock === 'live' ? NO_ANSWER : TOO_MANY;
    return { escalationId, status: 'expired', reason: `${why}: HOLD stands`, order: null };
  }

  async refuseLate(answer: Answer): Promise<AnswerReceipt> {
    const { input, status } = this;
    this.#late += 1;
    if (this.#late <= MAX_ANSWERS) await steps.recordLate({ input, answer, status });
    return { outcome: 'late', reason: `the question is closed: ${status}`, order: null };
  }

  /** An answer that came after the deadline, but before the loop above has seen it pass, waits for
   * how the question ends. Others are taken in at once, while the loop still looks. */
  async #untilSettled(): Promise<void> {
    const { clock, deadlineMs } = this.input;
    const over = this.expired() || (clock === 'live' && Date.now() >= deadlineMs);
    if (this.status === 'open' && over) await condition(() => this.status !== 'open');
  }

  #submit(answer: Answer): Pending {
    const pending: Pending = { answer, receipt: null };
    this.inbox.push(pending);
    return pending;
  }

  #view(): EscalationView {
    const { status, input: question, asks, referencePrice } = this;
    return { status, question, asks, referencePrice };
  }
}

/** Waits for an answer or the deadline; in live mode reminds once at half the time. */
async function nextTurn(input: EscalationInput, ready: () => boolean): Promise<void> {
  if (input.clock === 'tape') return condition(ready);
  const remainingMs = Math.max(0, input.deadlineMs - Date.now());
  const windowMs = input.deadlineMs - input.askedAtMs;
  if (remainingMs > windowMs / 2) {
    if (await condition(ready, remainingMs - windowMs / 2)) return;
    await steps.remind(input);
  }
  await condition(ready, Math.max(1, input.deadlineMs - Date.now()));
}

/** The approved order's end; `null` when somebody ended its workflow in Temporal: the question must
 * be closed all the same. */
async function placeOrder(
  input: EscalationInput,
  request: Parameters<typeof orderWorkflow>[0],
): Promise<OrderOutcome | null> {
  const names = wire(input.namespace);
  try {
    return await executeChild<typeof orderWorkflow>(WORKFLOWS.order, {
      workflowId: names.orderWorkflowId(request.legId),
      taskQueue: names.queues.order,
      args: [request],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${request.side} ${request.symbol} near ${request.referencePrice}, approved`,
    });
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    return null;
  }
}
