import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { type Arena, killFile, until } from './arena.ts';
import type { Fault } from './fault.ts';

/** The named points between an intent and its booked fill; activities/orders-points.ts says what
 * each is, and a test holds the two lists equal. */
export const POINTS = [
  'before-intent-commit',
  'after-intent-commit',
  'before-mark-commit',
  'after-mark-commit',
  'request-left',
  'answer-arrived',
  'answer-recorded',
  'before-booking-commit',
  'after-booking-commit',
] as const;

/** An order has to come by: the market may be quiet, and a slow machine slow. */
const PASSED_WITHIN_MS = 300_000;

/** Every point as a fault: the order worker kills itself there, as a power cut would. */
export function pointFaults(): readonly Fault[] {
  return POINTS.map((point) => ({
    name: `point-${point}`,
    group: 'point',
    unable: () => null,
    inflict: async ({ arena, signal }) => {
      const before = arena.pidOf('order-worker');
      const file = killFile(arena.home);
      const within = { withinMs: PASSED_WITHIN_MS, signal };
      writeFileSync(file, point);
      try {
        await until(`an order at ${point}`, within, () => !existsSync(file));
        await until('its end', within, () => !isOrderWorker(arena, before));
      } finally {
        rmSync(file, { force: true });
      }
      return { detail: `order worker ${before} died at ${point}` };
    },
  }));
}

function isOrderWorker({ services }: Arena, pid: number): boolean {
  return services.some((service) => service.service === 'order-worker' && service.pid === pid);
}
