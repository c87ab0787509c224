import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { GuardActivities } from '../activities/guard.ts';
import { TIMEFRAMES } from '../core/market/candle.ts';
import {
  type GuardInput,
  type GuardRecord,
  type GuardView,
  type LookAgain,
  MOST_CANDLES,
  type PassedCandles,
} from '../proto/guard.ts';
import { KeptGuard } from './guard-keeper.ts';
import {
  candlesPassedUpdate,
  guardLookedSignal,
  guardQuery,
  lookAgainSignal,
  STEP_HEARTBEAT,
} from './messages.ts';

const steps = proxyActivities<GuardActivities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: STEP_HEARTBEAT,
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '2s' },
});
/** Candles nobody told: what does not answer soon is asked again two candles later. */
const market = proxyActivities<GuardActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: STEP_HEARTBEAT,
  scheduleToCloseTimeout: '40s',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
});

/** A run hands over to the next one before its history is too long to take up quickly. */
const MOST_EVENTS = 1_000;
/** Intervals without a candle after which a live guard looks for itself. */
const PATIENCE_INTERVALS = 2;
/** Pages of missed candles read at one go; about a month of five-minute candles. */
const MOST_PAGES = 30;

/** Guards one open position until it is closed. Its id is that of the position's plan, so there is
 * one owner and no second, through every restart and every run it hands itself on to. What it has
 * seen it carries along: a candle told twice, or told to the run before, changes nothing. */
export async function guardWorkflow(input: GuardInput): Promise<GuardView> {
  const mailbox = new Mailbox();
  mailbox.listen();
  const record = input.carried ?? (await steps.readGuard(input.planId));
  if (record === null) throw new Error(`guard ${input.planId} must be recorded before it is begun`);
  const keeper = new KeptGuard(input.namespace, record);
  mailbox.show = () => keeper.view();
  await keeper.act();
  while (keeper.open) {
    if (workflowInfo().historyLength > MOST_EVENTS && (await mailbox.settled())) {
      await continueAsNew<typeof guardWorkflow>({ ...input, carried: keeper.record });
    }
    const next = await mailbox.next(patienceOf(keeper.record));
    if (next === null) await lookUnasked(keeper);
    else if (next.kind === 'candles') await keeper.pass(next.told);
    else await keeper.lookAgain();
    if (next !== null) await mailbox.answer(next);
  }
  await mailbox.answerAll();
  await condition(allHandlersFinished);
  return keeper.view();
}

/** How long a guard waits for candles; null: for ever, because the tape's driver tells. */
function patienceOf({ state }: GuardRecord): number | null {
  if (state.feed === null) return null;
  return state.feed.patienceMs ?? PATIENCE_INTERVALS * TIMEFRAMES[state.timeframe];
}

/** Nobody has told anything for long: looks at the market, and at the position itself. */
async function lookUnasked(keeper: KeptGuard): Promise<void> {
  await lookAtMarket(keeper);
  if (keeper.open) await keeper.lookAgain();
}

/** The stream has a hole, or whoever told it is gone: reads what the market itself has. */
async function lookAtMarket(keeper: KeptGuard): Promise<void> {
  for (let page = 0; page < MOST_PAGES && keeper.open; page += 1) {
    const { state } = keeper.record;
    try {
      const candles = await market.missedCandles(keeper.record);
      if (candles.length > 0) await keeper.pass({ candles, feed: state.feed, settle: false });
      if (candles.length < MOST_CANDLES) return;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      return;
    }
  }
}

type Item =
  | { readonly kind: 'candles'; readonly told: PassedCandles; done: boolean }
  | { readonly kind: 'look'; readonly asked: LookAgain; done: boolean };

/** What arrives, in the order it came; one thing is done at a time. */
class Mailbox {
  show: () => GuardView | null = () => null;
  readonly #items: Item[] = [];

  listen(): void {
    setHandler(guardQuery, () => this.show());
    setHandler(candlesPassedUpdate, async (told) => {
      const item: Item = { kind: 'candles', told, done: false };
      this.#items.push(item);
      await condition(() => item.done);
      return this.show() as GuardView;
    });
    setHandler(lookAgainSignal, (asked) => {
      this.#items.push({ kind: 'look', asked, done: false });
    });
  }

  /** The oldest thing not yet done; null when nothing came for so long. */
  async next(patienceMs: number | null): Promise<Item | null> {
    const arrived = (): boolean => this.#items.length > 0;
    if (patienceMs === null) await condition(arrived);
    else await condition(arrived, patienceMs);
    return this.#items.shift() ?? null;
  }

  /** Waits until everybody has been answered; false when something new came meanwhile. */
  async settled(): Promise<boolean> {
    await condition(allHandlersFinished);
    return this.#items.length === 0;
  }

  async answer(item: Item): Promise<void> {
    item.done = true;
    if (item.kind !== 'look') return;
    const { workflowId, legId } = item.asked;
    // Whoever asked may have stopped waiting.
    await getExternalWorkflowHandle(workflowId)
      .signal(guardLookedSignal, legId)
      .catch(() => undefined);
  }

  async answerAll(): Promise<void> {
    for (const item of this.#items.splice(0)) await this.answer(item);
  }
}
