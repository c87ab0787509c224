import type { Random } from '../../core/random.ts';
import type { Arena } from './arena.ts';

/** What a fault is given to work with. */
export interface FaultContext {
  readonly arena: Arena;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Longest a process is frozen, a line cut or the venue made to lie. */
  readonly longestMs: number;
}

/** What was done, in words, once it is over: from now on the ring is to recover. */
export interface Inflicted {
  readonly detail: string;
  /** Looks at something apart, once the ring is quiet, and says what was wrong with it. */
  readonly afterwards?: () => Promise<readonly string[]>;
}

export interface Fault {
  /** Its name in the schedule and on the command line: `kill-nats`, `cut-stall`. */
  readonly name: string;
  /** The line of SAFETY §3 it belongs to. */
  readonly group: FaultGroup;
  /** Why it cannot be done here; null when it can. */
  unable(arena: Arena): string | null;
  inflict(context: FaultContext): Promise<Inflicted>;
}

export const FAULT_GROUPS = {
  kill: 'process killed (-9)',
  point: 'order worker killed at a named point',
  freeze: 'process frozen and woken',
  restart: 'server restarted in order',
  blackout: 'every process killed at once',
  cut: 'network cut',
  venue: 'venue lies',
  disk: 'disk nearly full',
  image: 'copy of the running disk started elsewhere',
} as const;
export type FaultGroup = keyof typeof FAULT_GROUPS;
