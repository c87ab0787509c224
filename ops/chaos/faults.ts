import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal as send } from '../stack/processes.ts';
import { SERVERS, SERVICE_NAMES, type ServiceName } from '../stack/topology.ts';
import type { Arena } from './arena.ts';
import type { Fault } from './fault.ts';
import { imageFault } from './image.ts';
import { LIES, type Lie, tellVenue } from './lies.ts';
import { pointFaults } from './points.ts';
import { freeze, thaw } from './processes.ts';
import { CUTS, type Cut } from './proxy.ts';

const able = (): null => null;

/** Everything that can be done to a stack, in the order of SAFETY §3. */
export function everyFault(): readonly Fault[] {
  return [
    ...SERVICE_NAMES.map(killing),
    ...pointFaults(),
    ...SERVICE_NAMES.map(freezing),
    ...SERVERS.map(restarting),
    BLACKOUT,
    ...CUTS.map(cutting),
    ...(Object.keys(LIES) as Lie[]).map(lying),
    DISK_FULL,
    imageFault(),
  ];
}

function killing(service: ServiceName): Fault {
  return {
    name: `kill-${service}`,
    group: 'kill',
    unable: (arena) => absent(arena, service),
    inflict: async ({ arena }) => {
      send(arena.pidOf(service), 'SIGKILL');
      return { detail: `${service} was killed` };
    },
  };
}

/** A frozen process does not know that time has passed: it wakes as a zombie, and goes on with what
 * it was about to do. One frozen for twenty seconds is taken for dead by the supervisor. */
function freezing(service: ServiceName): Fault {
  return {
    name: `freeze-${service}`,
    group: 'freeze',
    unable: (arena) => absent(arena, service),
    inflict: async ({ arena, random, signal, longestMs }) => {
      const ms = random.whole(1_000, longestMs);
      const frozen = freeze([arena.pidOf(service)]);
      try {
        await sleep(ms, undefined, { signal });
      } finally {
        thaw(frozen);
      }
      return { detail: `${service} was frozen for ${seconds(ms)}` };
    },
  };
}

function restarting(service: ServiceName): Fault {
  return {
    name: `restart-${service}`,
    group: 'restart',
    unable: able,
    inflict: async ({ arena }) => {
      send(arena.pidOf(service), service === 'postgres' ? 'SIGINT' : 'SIGTERM');
      return { detail: `${service} was told to stop` };
    },
  };
}

const BLACKOUT: Fault = {
  name: 'blackout',
  group: 'blackout',
  unable: able,
  inflict: async ({ arena }) => {
    const pids = arena.services.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    for (const pid of pids) send(pid, 'SIGKILL');
    return { detail: `${pids.length} processes were killed at once` };
  },
};

function cutting(cut: Cut): Fault {
  return {
    name: `cut-${cut}`,
    group: 'cut',
    unable: able,
    inflict: async ({ arena, random, signal, longestMs }) => {
      const line = random.pick(arena.lines);
      const ms = random.whole(Math.min(3_000, longestMs), longestMs);
      line.cut(cut);
      try {
        await sleep(ms, undefined, { signal });
      } finally {
        line.heal();
      }
      return { detail: `${line.name}: ${cut} for ${seconds(ms)}` };
    },
  };
}

function lying(name: Lie): Fault {
  return {
    name,
    group: 'venue',
    unable: able,
    inflict: async ({ arena, random, signal, longestMs }) => {
      const ms = random.whole(Math.min(4_000, longestMs), longestMs);
      await tellVenue(arena.state, { seed: random.next(), rules: LIES[name] });
      try {
        await sleep(ms, undefined, { signal });
      } finally {
        await tellVenue(arena.state, { seed: 0, rules: [] });
      }
      return { detail: `${name.replaceAll('-', ' ')} for ${seconds(ms)}` };
    },
  };
}

/** The gateway stops new orders below this much free space (CORRO_MIN_FREE_MB). */
const GUARD_BYTES = 200 * 1024 * 1024;
const LEFT_BYTES = 120 * 1024 * 1024;
const BLOCK = Buffer.alloc(8 * 1024 * 1024);

/** A request that had passed the gateway's check when the disk filled up may still arrive. */
const UNDER_WAY_MS = 2_000;

/** Fills the volume to below the gateway's limit: new orders stop, everything else goes on. */
const DISK_FULL: Fault = {
  name: 'disk-full',
  group: 'disk',
  unable: ({ volume }) =>
    volume === null ? 'no right to mount a volume of its own; the real disk is not filled' : null,
  inflict: async ({ arena, random, signal, longestMs }) => {
    const { volume } = arena;
    if (volume === null) throw new Error('there is no volume to fill');
    const ballast = join(volume, 'ballast');
    const ms = random.whole(Math.min(5_000, longestMs), longestMs);
    try {
      fill(arena, ballast);
      await sleep(UNDER_WAY_MS, undefined, { signal });
      const before = ordersAtVenue(arena);
      await sleep(ms, undefined, { signal });
      const sent = ordersAtVenue(arena) - before;
      const left = `${Math.round(arena.freeBytes() / (1024 * 1024))} MB were left`;
      const detail = `${left} for ${seconds(ms)}, ${sent} orders were sent`;
      const afterwards = async () => (sent === 0 ? [] : [`${detail}: there was no room for them`]);
      return { detail, afterwards };
    } finally {
      rmSync(ballast, { force: true });
    }
  },
};

function fill(arena: Arena, ballast: string): void {
  while (arena.freeBytes() > LEFT_BYTES + BLOCK.length) {
    writeFileSync(ballast, BLOCK, { flag: 'a' });
  }
  if (arena.freeBytes() >= GUARD_BYTES) throw new Error('the volume could not be filled');
}

function ordersAtVenue(arena: Arena): number {
  const log = readFileSync(join(arena.home, 'paper', 'venue.jsonl'), 'utf8');
  return log.split('"type":"order"').length - 1;
}

function absent({ services }: Arena, service: ServiceName): string | null {
  return services.some((one) => one.service === service) ? null : `${service} does not run here`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** The faults a person asked for: names, or groups of them. Throws what is no name of either. */
export function faultsNamed(words: readonly string[]): readonly Fault[] {
  const all = everyFault();
  if (words.length === 0) return all;
  return words.flatMap((word) => {
    const found = all.filter(({ name, group }) => name === word || group === word);
    if (found.length > 0) return found;
    const known = [...new Set(all.flatMap(({ name, group }) => [group, name]))];
    throw new RangeError(`fault must be one of ${known.join(', ')}; was ${word}`);
  });
}
