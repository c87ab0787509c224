import { setTimeout as sleep } from 'node:timers/promises';
import type { LearningResult } from '../../proto/learning.ts';
import { type LearningHandle, type LearningProgress, progressOf, resultOf } from './runs.ts';

export interface FollowOptions {
  /** Asks the run to stop; it ends in order, with its record. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LearningProgress) => void;
}

const LOOK_MS = 500;

/** Waits for a run's end and tells how far it is. Throws as `resultOf`. */
export async function followRun(
  handle: LearningHandle,
  { signal, onProgress }: FollowOptions,
): Promise<LearningResult> {
  let over = false;
  const cancel = (): void => {
    handle.cancel().catch(() => undefined);
  };
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const ended = resultOf(handle).finally(() => {
    over = true;
  });
  // Its error is awaited below.
  ended.catch(() => undefined);
  const look = async (): Promise<void> => {
    const progress = await progressOf(handle);
    if (progress !== null) onProgress(progress);
  };
  while (!over) {
    await Promise.race([ended.catch(() => undefined), sleep(LOOK_MS)]);
    await look();
  }
  signal.removeEventListener('abort', cancel);
  return ended;
}
