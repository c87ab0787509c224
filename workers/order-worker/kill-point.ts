import type { OrderDependencies } from '../../activities/orders.ts';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Settings } from '../settings.ts';

/** Ends this process as a power cut would when an order passes the named point for the n-th time;
 * nothing at all where no point is set. For trials of recovery. */
export function killAt(bus: Bus, at: Settings['CORRO_KILL_AT']): Pick<OrderDependencies, 'at'> {
  if (at === undefined) return {};
  let passed = 0;
  return {
    at: async (point) => {
      if (point !== at.point) return;
      passed += 1;
      if (passed !== at.pass) return;
      // What was handed to the connection has left, as the point's name says.
      if (point === 'request-left') await bus.connection.flush();
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => undefined);
    },
  };
}
