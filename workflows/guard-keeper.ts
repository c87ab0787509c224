import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { GuardActivities } from '../activities/guard.ts';
import {
  type Course,
  GuardKeeper,
  type KeeperAnswer,
  type KeeperStep,
} from '../core/risk/guard-keeper.ts';
import type { GuardRecord, GuardView, PassedCandles } from '../proto/guard.ts';
import { pursueLeg, recallLeg, settleLeg } from './leg.ts';
import { STEP_HEARTBEAT } from './messages.ts';

/** Steps against Postgres and questions to the venue: repeated until they answer. */
const steps = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});

/** A guard whose steps are this workflow's activities and legs. */
export class KeptGuard {
  readonly #namespace: string;
  readonly #keeper: GuardKeeper;

  constructor(namespace: string, record: GuardRecord) {
    this.#namespace = namespace;
    this.#keeper = new GuardKeeper(record);
  }

  get record(): GuardRecord {
    return this.#keeper.record;
  }

  get open(): boolean {
    return this.#keeper.open;
  }

  view(): GuardView {
    const { status, state } = this.record;
    return { status, state };
  }

  pass(passed: PassedCandles): Promise<void> {
    return this.#follow(this.#keeper.pass(passed));
  }

  lookAgain(): Promise<void> {
    return this.#follow(this.#keeper.lookAgain());
  }

  act(): Promise<void> {
    return this.#follow(this.#keeper.act());
  }

  async #follow(course: Course<void>): Promise<void> {
    let next = course.next();
    while (next.done !== true) next = course.next(await this.#do(next.value));
  }

  async #do(step: KeeperStep): Promise<KeeperAnswer> {
    switch (step.type) {
      case 'holding':
        return steps.holdingOf(step.guard);
      case 'leg': {
        const { guard, purpose, stopPrice, price, marketTimeMs } = step;
        const wanted = { guard, purpose, price, marketTimeMs };
        const at = stopPrice === undefined ? {} : { stopPrice };
        return steps.guardLeg({ namespace: this.#namespace, ...wanted, ...at });
      }
      case 'pursue':
        return pursueLeg(step.leg);
      case 'settle':
        return settleLeg(step.clientOrderId);
      case 'recall':
        return recallLeg(step.clientOrderId);
      case 'save':
        await steps.saveGuard({ guard: step.guard, act: step.act });
        setCurrentDetails(detailsOf(step.guard));
        return undefined;
      case 'close': {
        const { guard, reason, atMs, left } = step;
        const closed = await steps.closeGuard({ guard, reason, atMs, left });
        if (closed) setCurrentDetails(`closed: ${reason}`);
        return closed;
      }
    }
  }
}

function detailsOf({ state }: GuardRecord): string {
  const { resting, stopPrice, targetPrice, selling } = state;
  const held = resting === null ? 'no stop rests' : `a stop rests at ${resting.stopPrice}`;
  const doing = selling === null ? held : `selling: ${selling.why}`;
  return `${doing}; stop ${stopPrice}, target ${targetPrice ?? 'none'}`;
}
