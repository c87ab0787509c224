import { join } from 'node:path';
import { StackError } from '../stack/control.ts';
import { homeAt } from '../stack/home.ts';
import { releaseLock, takeLock } from '../stack/lock.ts';

/** Makes this process the one that moves the market of a home folder; returns how to give it up.
 * Two tapes at once would each move the venue under the other's orders. What a killed process
 * held is free again. Throws `already_running`. */
export function takeMarketClock(root: string): () => void {
  const clock = { ...homeAt(root), lock: join(root, 'clock.lock') };
  try {
    takeLock(clock);
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    const who = `process ${error.pid ?? 'unknown'}`;
    const how = 'wait for it, or give this one a --home of its own';
    throw new StackError(
      'already_running',
      `${who} moves the market of ${root}: ${how}`,
      error.pid,
    );
  }
  return () => releaseLock(clock);
}
