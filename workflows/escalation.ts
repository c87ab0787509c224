import {
  allHandlersFinished,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { EscalationActivities, JudgedAnswer } from '../activities/escalation.ts';
import {
  type AnswerReceipt,
  answerKey,
  type EscalationCarried,
  type EscalationInput,
  type EscalationResult,
  type EscalationStatus,
} from '../proto/escalation.ts';
import { wire } from '../proto/subjects.ts';
import {
  answerSignal,
  answerUpdate,
  questionQuery,
  STEP_HEARTBEAT,
  TASK_TIMEOUT,
  tapePassedSignal,
  WORKFLOWS,
} from './messages.ts';
import type { OrderOutcome, orderWorkflow } from './order.ts';

const steps = proxyActivities<EscalationActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** Answers one run of the workflow takes before it goes on with a fresh history, how many a
 * question takes in all, and how many may wait. A flood ends as HOLD, not as an endless history. */
const ANSWERS_A_RUN = 100;
const MAX_ANSWERS = 1_000;
const MOST_WAITING = 200;
/** Answers whose receipts are taken along; older ones are known to Postgres. */
const MOST_SEEN = 50;
const MAX_LATE = 50;
const ORDER_LOST = 'its order was ended in Temporal, see ./corro orders';
const NO_ANSWER = 'no answer before the deadline';
const FLOODED = `more than ${MAX_ANSWERS} answers`;

interface Pending {
  /** Null: nothing that could be an answer. */
  readonly answer: unknown;
  receipt: AnswerReceipt | null;
}

/** One question to a person. It ends with the first answer that stands, or with its deadline, and
 * then HOLD stands: silence never trades. Under the tape's clock nothing here looks at a timer. */
export async function escalationWorkflow(
  input: EscalationInput,
  carried?: EscalationCarried,
): Promise<EscalationResult> {
  const question = new Question(carried?.question ?? input, carried);
  question.listen();
  const result = await takeAnswers(question);
  question.status = result.status;
  for (const pending of [...question.inbox, ...question.later]) {
    pending.receipt = await question.refuseLate(pending.answer);
  }
  const { status, reason } = result;
  await steps.closeEscalation({ input: question.asked, status, reason });
  setCurrentDetails(`${status}: ${reason}`);
  await condition(allHandlersFinished);
  return result;
}

/** Takes one answer after the other until one stands or the time is over. */
async function takeAnswers(question: Question): Promise<EscalationResult> {
  const { inbox } = question;
  for (let turn = 0; question.taken < MAX_ANSWERS; turn += 1) {
    question.handingOn = turn >= ANSWERS_A_RUN;
    if (question.handingOn && inbox.length === 0) {
      await condition(() => allHandlersFinished() || question.over());
      if (!question.over()) await question.goOn();
      // There is no next run to judge what came in time.
      inbox.push(...question.later.splice(0));
    }
    await nextTurn(question);
    const pending = inbox.shift();
    if (pending === undefined) return question.unanswered(NO_ANSWER);
    question.taken += 1;
    const { asked: input, nowMs } = question;
    const judged = await steps.judgeAnswer({ input, answer: pending.answer, nowMs });
    const { outcome, reason } = judged;
    if (judged.outcome === 'accepted') {
      question.status = judged.status;
      const result = await carryOut(input, judged);
      pending.receipt = { outcome, code: null, reason, order: result.order };
      return result;
    }
    if (judged.outcome === 'asked_again') question.askAgain(judged);
    const code = judged.outcome === 'refused' ? judged.code : null;
    pending.receipt = { outcome, code, reason, order: null };
  }
  return question.unanswered(FLOODED);
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
  readonly inbox: Pending[] = [];
  /** Came while the run hands over to the next one, which takes them. */
  readonly later: Pending[] = [];
  /** A run that took new answers for as long as they come would never end in a flood. */
  handingOn = false;
  status: EscalationStatus = 'open';
  /** As it was asked last. */
  asked: EscalationInput;
  taken: number;
  reminded: boolean;
  /** By an answer's one text: handed in twice it is one answer, and has one receipt. */
  readonly #seen: Map<string, Pending>;
  #tapeMs: number;
  #late: number;

  constructor(input: EscalationInput, carried?: EscalationCarried) {
    this.asked = input;
    this.#tapeMs = carried?.tapeMs ?? input.askedAtMs;
    this.taken = carried?.taken ?? 0;
    this.reminded = carried?.reminded ?? false;
    this.#late = carried?.late ?? 0;
    const seen = carried?.seen ?? [];
    this.#seen = new Map(seen.map(([key, receipt]) => [key, { answer: null, receipt }]));
    for (const answer of carried?.waiting ?? []) {
      const key = answerKey(answer);
      if (key !== null && this.#seen.has(key)) continue;
      const pending: Pending = { answer, receipt: null };
      if (key !== null) this.#seen.set(key, pending);
      this.inbox.push(pending);
    }
  }

  listen(): void {
    setHandler(questionQuery, () => ({ status: this.status, question: this.asked }));
    // Before those for answers: what came while no worker ran is handed to the handlers in the
    // order they are set, and an answer must know whether its time was over.
    setHandler(tapePassedSignal, (ms) => {
      this.#tapeMs = Math.max(this.#tapeMs, ms);
    });
    setHandler(answerSignal, async (answer) => {
      if (this.handingOn && !this.over()) this.#postpone(answer);
      else await this.#receive(answer);
    });
    setHandler(answerUpdate, (answer) => this.#receive(answer));
  }

  /** The market's time: the tape's, or, live, the clock's. */
  get nowMs(): number {
    return this.asked.clock === 'live' ? Date.now() : this.#tapeMs;
  }

  /** The market's time has passed the deadline; live, Temporal's timers tell instead. */
  expired(): boolean {
    return this.#tapeMs >= this.asked.deadlineMs;
  }

  /** The same for whoever stands between two turns, live too. */
  over(): boolean {
    const { clock, deadlineMs } = this.asked;
    return this.expired() || (clock === 'live' && Date.now() >= deadlineMs);
  }

  askAgain(judged: Extract<JudgedAnswer, { outcome: 'asked_again' }>): void {
    this.asked = judged.question;
    setCurrentDetails(`Asked again: ${judged.question.text}`);
  }

  unanswered(why: string): EscalationResult {
    const { escalationId } = this.asked;
    return { escalationId, status: 'expired', reason: `${why}: HOLD stands`, order: null };
  }

  async refuseLate(answer: unknown): Promise<AnswerReceipt> {
    const { asked: input, status } = this;
    this.#late += 1;
    if (this.#late <= MAX_LATE) await steps.recordLate({ input, answer, status });
    const reason = `the question is closed: ${status}`;
    return { outcome: 'late', code: 'late', reason, order: null };
  }

  /** Goes on in a fresh history with all that is known; never returns. */
  goOn(): Promise<never> {
    const seen = [...this.#seen].flatMap(([key, { receipt }]) =>
      receipt === null ? [] : [[key, receipt] as const],
    );
    return continueAsNew<typeof escalationWorkflow>(this.asked, {
      question: this.asked,
      tapeMs: this.#tapeMs,
      reminded: this.reminded,
      taken: this.taken,
      late: this.#late,
      seen: seen.slice(-MOST_SEEN),
      waiting: this.later.map(({ answer }) => answer),
    });
  }

  /** Whatever came through a door, and what became of it. */
  async #receive(given: unknown): Promise<AnswerReceipt> {
    const key = answerKey(given);
    const twin = key === null ? undefined : this.#seen.get(key);
    if (twin !== undefined) return receiptOf(twin);
    const pending: Pending = { answer: key === null ? null : given, receipt: null };
    if (key !== null) this.#seen.set(key, pending);
    await this.#untilSettled();
    if (this.status !== 'open') {
      pending.receipt = await this.refuseLate(pending.answer);
    } else if (this.handingOn || this.inbox.length >= MOST_WAITING) {
      if (key !== null) this.#seen.delete(key);
      const reason = `too_many: ${this.inbox.length + this.later.length} answers wait already`;
      pending.receipt = { outcome: 'refused', code: 'too_many', reason, order: null };
    } else {
      this.inbox.push(pending);
    }
    return receiptOf(pending);
  }

  /** Nobody waits for the receipt of a signal: the next run judges it. */
  #postpone(given: unknown): void {
    const key = answerKey(given);
    const known = key !== null && this.#seen.has(key);
    if (known || this.later.length >= MOST_WAITING) return;
    this.later.push({ answer: key === null ? null : given, receipt: null });
  }

  /** An answer that came after the deadline, but before the loop above has seen it pass, waits for
   * how the question ends. Others are taken in at once, while the loop still looks. */
  async #untilSettled(): Promise<void> {
    if (this.status === 'open' && this.over()) await condition(() => this.status !== 'open');
  }
}

async function receiptOf(pending: Pending): Promise<AnswerReceipt> {
  await condition(() => pending.receipt !== null);
  return pending.receipt as AnswerReceipt;
}

/** Waits for an answer or the deadline; in live mode reminds once at half the time. */
async function nextTurn(question: Question): Promise<void> {
  const { askedAtMs, deadlineMs, clock } = question.asked;
  const ready = (): boolean => question.inbox.length > 0 || question.expired();
  if (clock === 'tape') return condition(ready);
  const remainingMs = Math.max(0, deadlineMs - Date.now());
  const windowMs = deadlineMs - askedAtMs;
  if (!question.reminded && remainingMs > windowMs / 2) {
    if (await condition(ready, remainingMs - windowMs / 2)) return;
    question.reminded = true;
    await steps.remind(question.asked);
  }
  await condition(ready, Math.max(1, deadlineMs - Date.now()));
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
      workflowTaskTimeout: TASK_TIMEOUT,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `${request.side} ${request.symbol} near ${request.referencePrice}, approved`,
    });
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    return null;
  }
}
