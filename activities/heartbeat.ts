import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

/** Well inside the heartbeat timeouts that workflows give their steps. */
const BEAT_MS = 500;

/** What a step last said of how far it is; a beat without it would wipe that out. */
const progress = new WeakMap<Context, unknown>();

/** Beats while a step runs, whichever it is, so that Temporal sees within seconds that its worker
 * was killed or frozen. A step that takes milliseconds never beats. */
export function beats(context: Context): ActivityInterceptors {
  return {
    inbound: {
      execute: async (input, next) => {
        const beat = setInterval(() => context.heartbeat(progress.get(context)), BEAT_MS);
        try {
          return await next(input);
        } finally {
          clearInterval(beat);
        }
      },
    },
  };
}

/** Says how far the running step is; every beat tells it on. */
export function tellProgress(context: Context, told: unknown): void {
  progress.set(context, told);
  context.heartbeat(told);
}
