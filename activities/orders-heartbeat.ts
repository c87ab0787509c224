import { Context } from '@temporalio/activity';

/** Well inside the heartbeat timeout that the order workflow gives its steps. */
const BEAT_MS = 500;

/** Beats while an activity's step runs, so that Temporal sees within seconds that its worker was
 * killed or frozen. A step that takes milliseconds never beats. */
export async function beating<T>(step: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await step();
  } finally {
    clearInterval(beat);
  }
}
