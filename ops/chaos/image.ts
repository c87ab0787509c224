import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startStack } from '../stack/control.ts';
import { homeAt } from '../stack/home.ts';
import { type Arena, makeFolder, removePlace, until } from './arena.ts';
import { type Books, examine } from './books.ts';
import { Eyes } from './eyes.ts';
import type { Fault, FaultContext } from './fault.ts';
import { freeze, thaw } from './processes.ts';

/** What belongs to the stack that runs, and not to the data. */
const OF_THE_RUNNING = ['lock', 'clock.lock', 'stack.json', 'ports.json', 'logs'];
const SETTLED_WITHIN_MS = 180_000;

/** The whole home is copied while every process stands still, as an image of the disk taken at one
 * moment. The copy is started elsewhere, must bring its work to an end by itself, and must hold
 * everything that was acknowledged before. What only a real power cut shows, writes that the
 * system still held in memory, it does not show. */
export function imageFault(): Fault {
  return {
    name: 'disk-image',
    group: 'image',
    unable: (arena) =>
      existsSync(homeAt(arena.home).postgres) ? null : 'Postgres keeps its data elsewhere',
    inflict: async (context) => {
      const { arena } = context;
      const root = makeFolder('corro-image-');
      const copy = join(root, 'home');
      const known = await acknowledged(arena);
      const frozenMs = copyStill(arena, copy);
      const detail = `copied in ${(frozenMs / 1_000).toFixed(1)} s while everything stood still`;
      const afterwards = async (): Promise<readonly string[]> => {
        try {
          return await startElsewhere(context, copy, known);
        } finally {
          removePlace(root, copy);
        }
      };
      return { detail, afterwards };
    },
  };
}

type Acknowledged = Pick<Books, 'decisions' | 'orders' | 'fills'>;

async function acknowledged({ state, home }: Arena): Promise<Acknowledged> {
  const eyes = new Eyes({ postgresUrl: state.addresses.postgresUrl, home });
  try {
    return await eyes.compare();
  } finally {
    await eyes.close();
  }
}

/** Returns how long everything stood still, milliseconds. */
function copyStill(arena: Arena, copy: string): number {
  const startedAtMs = performance.now();
  const { supervisorPid, services } = arena.state;
  // The supervisor first: it would take the others for dead.
  const pids = services.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const frozen = freeze([supervisorPid, ...pids]);
  try {
    execFileSync('cp', ['-a', arena.home, copy], { stdio: 'pipe' });
  } finally {
    thaw(frozen);
  }
  for (const name of OF_THE_RUNNING) rmSync(join(copy, name), { recursive: true, force: true });
  return performance.now() - startedAtMs;
}

async function startElsewhere(
  { arena, signal }: FaultContext,
  home: string,
  known: Acknowledged,
): Promise<readonly string[]> {
  const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
  const stack = await startStack({
    home,
    detached: false,
    namespace: arena.state.namespace,
    ports: { ...any, temporal: 0, temporalUi: 0, temporalHttp: 0 },
  });
  const within = { withinMs: SETTLED_WITHIN_MS, signal };
  const eyes = new Eyes({ postgresUrl: stack.state.addresses.postgresUrl, home });
  try {
    await until('the copy to settle its orders', within, async () => {
      const progress = await eyes.progress();
      return progress !== null && progress.live.length === 0 && (await eyes.undecided()) === 0;
    });
    const { books, faults } = await examine(stack.state, eyes);
    const missing = (['decisions', 'orders', 'fills'] as const)
      .filter((what) => books[what] < known[what])
      .map((what) => `${known[what]} ${what} were acknowledged, the copy has ${books[what]}`);
    return [...missing, ...faults].map((text) => `in the copy: ${text}`);
  } finally {
    await eyes.close();
    await stack.stop();
  }
}
