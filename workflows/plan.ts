import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertMemo,
} from '@temporalio/workflow';
import type { PlanActivities } from '../activities/plan.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import type { PlanInput, PlanResult } from '../proto/plan.ts';
import { afterLeg } from './guarding.ts';
import { pursueLeg, recallLeg, restingStops } from './leg.ts';
import { pursueWithinBook } from './look.ts';
import { STEP_HEARTBEAT } from './messages.ts';
import { sellOverStops } from './sale.ts';

export type { PlanInput, PlanResult } from '../proto/plan.ts';

/** These steps send nothing: they read, or record what is recorded once. They may be repeated, and
 * a bound is set all the same: about ten minutes of a database that is away. */
const steps = proxyActivities<PlanActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '100ms', maximumInterval: '5s', maximumAttempts: 120 },
});

/** Looks at a halt before a fresh history is begun. */
const LOOKS = 40;
const LONGEST_PAUSE_MS = 10_000;

/** What a plan has done so far; carried along when its history is begun anew. */
export interface PlanProgress {
  readonly nextLeg: number;
  readonly recalled: number;
  readonly legs: PlanResult['legs'];
}

const NOTHING_YET: PlanProgress = { nextLeg: 0, recalled: 0, legs: [] };
/** Outcomes shown of a plan that trades for hours. */
const MOST_SHOWN = 50;

/** Works off a plan: a flattening looks at what its halt leaves to do until nothing is left or the
 * halt is lifted; a hedge or a rebalancing sends its legs once, in their order. */
export async function planWorkflow(
  input: PlanInput,
  progress: PlanProgress = NOTHING_YET,
): Promise<PlanResult> {
  const plan = new Plan(input, progress);
  const legs = await steps.openPlan(input);
  const reason = input.kind === 'flatten' ? await workOff(plan) : await sendAll(plan, legs);
  const result = plan.result(reason);
  await steps.closePlan(input, result);
  setCurrentDetails(result.reason);
  upsertMemo({ finished: result.finished });
  return result;
}

async function sendAll(plan: Plan, legs: readonly OrderInput[]): Promise<string> {
  for (const leg of legs) await plan.send(leg);
  return `${legs.length} orders`;
}

async function workOff(plan: Plan): Promise<string> {
  const { input } = plan;
  for (let look = 1; ; look += 1) {
    const { nextLeg } = plan.progress;
    const work = await steps.lookAtHalt({ input, nextLeg });
    const sales = work.sales.filter(({ symbol }) => !plan.stuck.has(symbol));
    const recalls = work.recalls.filter((id) => !plan.stuck.has(id));
    if (work.over) return 'the halt was lifted';
    if (recalls.length + work.underWay + sales.length === 0) return 'nothing is left to do';
    for (const clientOrderId of recalls) await plan.recall(clientOrderId);
    for (const sale of sales) await plan.send(sale);
    if (look >= LOOKS && plan.stuck.size === 0) {
      await continueAsNew<typeof planWorkflow>(input, plan.progress);
    }
    if (look >= LOOKS) return 'a person is needed';
    await sleep(Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(look, 10)));
  }
}

/** A plan under way: what was sent and taken back, and what a person must look at. */
class Plan {
  readonly input: PlanInput;
  /** Symbols of which an order's fate is not known, and orders that could not be taken back:
   * nothing more is done about them. */
  readonly stuck = new Set<string>();
  progress: PlanProgress;

  constructor(input: PlanInput, progress: PlanProgress) {
    this.input = input;
    this.progress = progress;
  }

  async recall(clientOrderId: string): Promise<void> {
    if (this.stuck.has(clientOrderId)) return;
    const { state } = await recallLeg(clientOrderId);
    if (state === 'needs_person') this.stuck.add(clientOrderId);
    this.progress = { ...this.progress, recalled: this.progress.recalled + 1 };
  }

  /** Sends one leg and follows it to its end. A sale first takes back what rests at the venue,
   * because a resting stop holds what is to be sold. */
  async send(leg: OrderInput): Promise<void> {
    const { symbol, side } = leg;
    if (this.stuck.has(symbol)) return;
    const recall = (clientOrderId: string) => this.recall(clientOrderId);
    // What a halt wants sold is sold, whatever the book expects: its limit price protects it.
    const pursue = () => (leg.purpose === 'flatten' ? pursueLeg(leg) : pursueWithinBook(leg));
    const resting = () => restingStops(leg);
    const sell = () => sellOverStops({ resting, recall, sell: pursue });
    const outcome = await (side === 'SELL' ? sell() : pursue());
    if (outcome.state === 'needs_person') this.stuck.add(symbol);
    this.#note(leg, outcome);
    // A hedge is closed by its own rule; everything else that is held has a guard.
    if (side === 'SELL' || leg.purpose !== 'hedge') await afterLeg(leg, outcome);
  }

  result(reason: string): PlanResult {
    const { recalled, legs } = this.progress;
    const stuck = [...this.stuck];
    const why = stuck.length === 0 ? reason : `a person is needed for ${stuck.join(', ')}`;
    const { planId } = this.input;
    return { planId, recalled, legs, finished: stuck.length === 0, reason: why };
  }

  #note(leg: OrderInput, { legId, state, reason }: OrderOutcome): void {
    setCurrentDetails(`${leg.side} ${leg.symbol}: ${state}, ${reason}`);
    const legs = [...this.progress.legs, { legId, state, reason }].slice(-MOST_SHOWN);
    this.progress = { ...this.progress, nextLeg: leg.leg + 1, legs };
  }
}
