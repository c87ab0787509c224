import { ImpossibleOrderEvent, isLive, STATUS_EVENTS } from '../../../core/orders/lifecycle.ts';
import { advance, type PursuitEvent, pursuit, type Step } from '../../../core/orders/pursuit.ts';
import { rejectionVerdict } from '../../../core/orders/rejections.ts';
import {
  judgeSilence,
  mustFence,
  mustTakeBack,
  pauseBeforeQuery,
} from '../../../core/orders/resolution.ts';
import { venueRules } from '../../../core/orders/venue-rules.ts';
import type { Ending, Program } from './clock.ts';
import { within } from './clock.ts';
import { type Attempt, LegRecord } from './record.ts';
import type { NewOrderReply, SimulatedReport } from './venue.ts';
import { CLIENT_TIMEOUT_MS, type Silence, type World } from './world.ts';

/** Carries out the pure pursuit of a leg (core/orders/pursuit.ts) in a simulated world: what the
 * order workflow, its activities and the venue gateway do, with the same rules of the core and
 * nothing else of the product. */

const RULES = venueRules('paper');
/** The order worker waits a little longer for the gateway than the gateway for the venue. */
const GATEWAY_TIMEOUT_MS = CLIENT_TIMEOUT_MS + 2_000;
/** Doors to what `fenced` pursuit has and its crippled twins lack. */
export interface Protection {
  /** The gateway asks for the lease epoch between its signature and the sending. */
  readonly fence: boolean;
  /** It signs before it asks, so that a sleep in between only makes the request too old. */
  readonly signsFirst: boolean;
}

export function pursued(
  world: World,
  quantity: number,
  protection: Protection = { fence: true, signsFirst: true },
): Program<void> {
  return new Pursuer(world, quantity, protection).run();
}

class StepFailed extends Error {}

class Pursuer {
  readonly #world: World;
  readonly #record: LegRecord;
  readonly #protection: Protection;

  constructor(world: World, quantity: number, protection: Protection) {
    this.#world = world;
    this.#record = new LegRecord(quantity);
    this.#protection = protection;
  }

  /** The workflow: Temporal keeps it alive, whatever becomes of the workers that do its steps. */
  *run(): Program<void> {
    let [state, step] = advance(pursuit('pursue', { legId: 'leg', userId: 'user' }), {
      type: 'begin',
    });
    for (;;) {
      if (step.type === 'done' || step.type === 'fail') {
        this.#world.ended = step.type === 'done' ? step.outcome.state : 'needs_person';
        return;
      }
      const event: PursuitEvent = yield* this.#carryOut(step);
      [state, step] = advance(state, event);
    }
  }

  *#carryOut(step: Step): Program<PursuitEvent> {
    if (step.type === 'wait') {
      yield step.ms;
      return { type: 'waited' };
    }
    const told = yield* this.#world.step(this.#activity(step));
    return told ?? { type: 'failed', reason: 'its worker was lost' };
  }

  *#activity(step: Step): Program<PursuitEvent> {
    yield this.#world.random.whole(1, 4);
    try {
      return yield* this.#act(step);
    } catch (error) {
      if (error instanceof StepFailed) return { type: 'failed', reason: error.message };
      if (!(error instanceof ImpossibleOrderEvent)) throw error;
      return { type: 'contradicted', reason: error.message };
    }
  }

  *#act(step: Step): Program<PursuitEvent> {
    const record = this.#record;
    switch (step.type) {
      case 'prepare':
        return { type: 'prepared', order: record.view(record.prepare()) };
      case 'reach_venue':
        yield* this.#venueTime();
        return { type: 'reached' };
      case 'send':
        return { type: 'told', order: yield* this.#send(step.order.clientOrderId), waitMs: null };
      case 'ask':
      case 'recall':
        return yield* this.#ask(step.order.clientOrderId, step.asked);
      case 'book':
        return yield* this.#book(step.order.clientOrderId);
      case 'abandon':
      case 'halt':
        return { type: 'recorded' };
      case 'read':
      case 'wait':
      case 'done':
      case 'fail':
        throw new Error(`${step.type} is no step of a worker here`);
    }
  }

  *#send(id: string): Program<ReturnType<LegRecord['view']>> {
    const record = this.#record;
    const epoch = record.beginSend(id);
    yield 1;
    if (epoch === null) return record.view(record.read(id));
    const { clock } = this.#world;
    const gateway: Ending<GatewayReply> = this.#world.start(this.#gateway(id, epoch));
    const reply = yield* within(clock, gateway, GATEWAY_TIMEOUT_MS);
    return record.view(this.#note(id, reply));
  }

  /** The venue gateway: another process, which may die or freeze by itself. */
  *#gateway(clientOrderId: string, epoch: number): Program<GatewayReply> {
    const world = this.#world;
    const { fence, signsFirst } = this.#protection;
    const isFenced = (): boolean => fence && this.#record.epoch !== epoch;
    yield world.random.whole(1, 3);
    let signedAtMs = world.senderMs;
    yield world.random.whole(1, 3);
    if (isFenced()) return { kind: 'fenced' };
    yield 1;
    if (!signsFirst) signedAtMs = world.senderMs;
    const { quantity } = this.#record;
    const answer = yield* world.send({ clientOrderId, quantity, signedAtMs });
    return answer === 'silence'
      ? { kind: 'silence', signedAtMs }
      : { kind: 'answer', answer, signedAtMs };
  }

  #note(id: string, reply: GatewayReply | undefined): Attempt {
    const record = this.#record;
    if (reply === undefined) return record.move(id, 'lose_answer');
    if (reply.kind === 'fenced') return record.move(id, 'fenced');
    const { signedAtMs } = reply;
    if (reply.kind === 'silence') return record.move(id, 'lose_answer', { signedAtMs });
    const { answer } = reply;
    if (answer.kind === 'accepted') return this.#hear(id, answer.report, signedAtMs);
    const proves = rejectionVerdict(RULES.dialect, answer.code) !== 'unknown';
    return proves
      ? record.move(id, 'report_rejected', { rejectCode: answer.code })
      : record.move(id, 'lose_answer', { signedAtMs });
  }

  #hear(id: string, report: SimulatedReport, signedAtMs?: number): Attempt {
    const { venueOrderId, executed, status } = report;
    const signed = signedAtMs === undefined ? {} : { signedAtMs };
    return this.#record.move(id, STATUS_EVENTS[status], { venueOrderId, executed, ...signed });
  }

  *#ask(id: string, asked: number): Program<PursuitEvent> {
    const record = this.#record;
    if (mustFence(record.read(id).state, asked)) yield* this.#raiseFence(id);
    const order = record.read(id);
    if (!isLive(order.state)) return this.#told(order, null);
    const first = yield* this.#query(id);
    if (first.report !== null) return yield* this.#heard(id, first.report, asked);
    const { signedAtMs, state } = record.read(id);
    const silent = { state, asked, signedAtMs, venueTimeMs: first.venueTimeMs };
    const silence = judgeSilence(silent, RULES);
    if (silence.verdict === 'wait') return this.#told(record.read(id), silence.waitMs);
    const second = yield* this.#query(id);
    if (second.report !== null) return yield* this.#heard(id, second.report, asked);
    const trades = yield* this.#certainly((nowMs) => this.#world.venue.trades(nowMs));
    const ours = new Set(record.attempts.map((attempt) => attempt.venueOrderId));
    if (trades.some((trade) => !ours.has(trade.venueOrderId))) {
      return this.#told(record.read(id), silence.waitMs);
    }
    return this.#told(record.move(id, 'prove_absent'), null);
  }

  *#raiseFence(id: string): Program<void> {
    const fenced = this.#record.fence(id);
    yield 1;
    if (!isLive(fenced.state) || fenced.state === 'open') return;
    const venueTimeMs = yield* this.#venueTime();
    const { signedAtMs } = this.#record.read(id);
    const latest = Math.max(venueTimeMs, signedAtMs ?? 0);
    this.#record.move(id, 'lose_answer', { signedAtMs: latest });
  }

  *#heard(id: string, report: SimulatedReport, asked: number): Program<PursuitEvent> {
    const after = this.#hear(id, report);
    if (!isLive(after.state)) return this.#told(after, null);
    if (mustTakeBack({ timeInForce: 'IOC' }, { asked, recall: false })) {
      yield* this.#certainly((nowMs) => this.#world.venue.cancel(id, nowMs));
    }
    return this.#told(after, pauseBeforeQuery(asked, 0));
  }

  *#book(id: string): Program<PursuitEvent> {
    const { venueOrderId, executed } = this.#record.read(id);
    const world = this.#world;
    const trades =
      venueOrderId === null || executed === 0
        ? []
        : yield* this.#certainly((nowMs) => world.venue.trades(nowMs, venueOrderId));
    const booked = world.book(trades);
    const order = this.#record.view(this.#record.read(id));
    const fills = { executedQuantity: String(booked), averagePrice: null, fees: [] };
    return { type: 'booked', order, complete: booked >= executed, fills };
  }

  #told(order: Attempt, waitMs: number | null): PursuitEvent {
    return { type: 'told', order: this.#record.view(order), waitMs };
  }

  *#query(id: string): Program<{
    readonly report: SimulatedReport | null;
    readonly venueTimeMs: number;
  }> {
    return yield* this.#certainly((nowMs) => {
      return { report: this.#world.venue.query(id, nowMs), venueTimeMs: nowMs };
    });
  }

  #venueTime(): Program<number> {
    return this.#certainly((nowMs) => nowMs);
  }

  /** A question to the venue through the gateway; no answer fails the step. */
  *#certainly<T>(act: (nowMs: number) => T): Program<T> {
    const answer: T | Silence = yield* this.#world.ask(act);
    if (answer === 'silence') throw new StepFailed('the venue does not answer');
    return answer;
  }
}

type GatewayReply =
  | { readonly kind: 'fenced' }
  | { readonly kind: 'silence'; readonly signedAtMs: number }
  | {
      readonly kind: 'answer';
      readonly answer: NewOrderReply;
      readonly signedAtMs: number;
    };
