import { readFileSync, rmSync } from 'node:fs';
import type { OrderDependencies } from '../../activities/orders.ts';
import type { KillPoint } from '../../activities/orders-points.ts';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Settings } from '../settings.ts';

/** Ends this process as a power cut would when an order passes the named point for the n-th time,
 * or a point that a file names; nothing at all where neither is set. For trials of recovery. */
export function killAt(
  bus: Bus,
  settings: Pick<Settings, 'CORRO_KILL_AT' | 'CORRO_KILL_FILE'>,
): Pick<OrderDependencies, 'at'> {
  const { CORRO_KILL_AT: at, CORRO_KILL_FILE: file } = settings;
  if (at === undefined && file === undefined) return {};
  let passed = 0;
  return {
    at: async (point) => {
      if (point === at?.point) passed += 1;
      const counted = point === at?.point && passed === at.pass;
      if (!counted && !disarm(file, point)) return;
      // What was handed to the connection has left, as the point's name says.
      if (point === 'request-left') await bus.connection.flush();
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    },
  };
}

/** True when the file names this point; it is gone then. */
function disarm(file: string | undefined, point: KillPoint): boolean {
  if (file === undefined) return false;
  try {
    if (readFileSync(file, 'utf8').trim() !== point) return false;
  } catch {
    // No file: nobody wants it to die.
    return false;
  }
  rmSync(file, { force: true });
  return true;
}
