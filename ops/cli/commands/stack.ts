import type { Command } from 'commander';
import { activeHalts, type Halt } from '../../../adapters/store/halts.ts';
import { type LeftOrder, leftOrders } from '../../../adapters/store/left-orders.ts';
import { ensureDefaults } from '../../../adapters/store/users.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import {
  diagnose,
  readStack,
  resetStack,
  type ServiceState,
  type StackState,
  startStack,
  stopStack,
} from '../../stack/control.ts';
import { PREFERRED_PORTS } from '../../stack/ports.ts';
import { ensureTrainer } from '../../stack/trainer.ts';
import { startProgress } from '../borrowed-stack.ts';
import { confirm } from '../confirm.ts';
import { withStack } from '../connections.ts';
import { haltLine } from '../halts.ts';
import { demoHome, expectNoDemo, homeOf, readableHomeOf } from '../home.ts';
import { Keyring } from '../keyring.ts';
import { printJson } from '../output.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { table } from '../table.ts';
import { leftLine } from './settle.ts';

interface JsonFlag {
  readonly json?: boolean;
}

export function addStack(program: Command): void {
  program
    .command('up')
    .description('start Postgres, NATS, Temporal and the ring in the background')
    .option('--decision-workers <n>', 'how many decision workers', Number, 1)
    .option('--actor-hosts <n>', 'how many actor hosts', Number, 1)
    .option('--trainer', 'with the trainer of models; installs its Python packages (770 MB) once')
    .action(up);
  program
    .command('down')
    .description('stop everything in order; nothing is lost')
    .action(async (_flags: unknown, command: Command) => {
      await stopStack(homeOf(command));
      process.stdout.write('stopped\n');
    });
  program
    .command('status')
    .description('what runs, where it answers, and how it is')
    .option('--json', 'as JSON')
    .action(status);
  program
    .command('reset')
    .description('wipe all state of this home: books, debates, candles')
    .option('--yes', 'do not ask')
    .action(reset);
  program
    .command('doctor')
    .description('look for what is wrong: programs, ports, disk, processes, their logs')
    .option('--json', 'as JSON')
    .action(doctor);
}

interface UpFlags {
  readonly decisionWorkers: number;
  readonly actorHosts: number;
  readonly trainer?: boolean;
}

async function up(flags: UpFlags, command: Command): Promise<void> {
  const replicas = {
    'decision-worker': replicaCount('--decision-workers', flags.decisionWorkers),
    'actor-host': replicaCount('--actor-hosts', flags.actorHosts),
  };
  const screen = new Screen(standardTerminal());
  const { state } = await startStack({
    home: homeOf(command),
    detached: true,
    onProgress: startProgress(screen),
    replicas,
  });
  await withStack(state.home, async ({ db }) => {
    await ensureDefaults(db);
    await new Keyring(state.home).makeMissing(db);
  });
  if (flags.trainer === true) {
    await ensureTrainer(state.home, { onProgress: (words) => screen.line(`  ${words}`) });
  }
  screen.line([addressTable(state), ...noteLines(state)].join('\n'));
}

function replicaCount(flag: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 16) return value;
  throw new CorroError('usage', `${flag} must be a whole number from 1 to 16, was ${value}`);
}

async function status({ json }: JsonFlag, command: Command): Promise<void> {
  const home = readableHomeOf(command);
  const state = readStack(home);
  const running = state?.status === 'running';
  process.exitCode = running ? EXIT_CODES.ok : EXIT_CODES.not_running;
  const stops = running ? await stopsIn(home) : { halts: [], left: [] };
  if (json === true) return printJson({ home, ...withoutSecrets(state), ...stops });
  if (state === null) {
    process.stdout.write(`no stack was ever started in ${home}\n`);
    return;
  }
  process.stdout.write(`${home}: ${state.status}\n\n${servicesTable(state.services)}\n`);
  if (!running) return;
  const lines = [addressTable(state), ...noteLines(state), ...stopLines(stops)];
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

/** What waits for a person; `null` while the database does not say. */
interface Stops {
  readonly halts: readonly Halt[] | null;
  readonly left: readonly LeftOrder[] | null;
}

async function stopsIn(home: string): Promise<Stops> {
  try {
    return await withStack(home, async ({ db }) => {
      return { halts: await activeHalts(db), left: await leftOrders(db) };
    });
  } catch {
    return { halts: null, left: null };
  }
}

function stopLines({ halts, left }: Stops): readonly string[] {
  if (halts === null || left === null) return ['  halts: the database does not say'];
  const line = leftLine(left);
  return [...halts.map((halt) => `  ${haltLine(halt)}`), ...(line === null ? [] : [`  ${line}`])];
}

/** Addresses with passwords stay in the state file, which only its owner may read. */
function withoutSecrets(state: StackState | null): object {
  if (state === null) return { status: 'stopped', services: [] };
  const { status: now, supervisorPid, namespace, services, notes } = state;
  return {
    status: now,
    supervisorPid,
    namespace,
    notes,
    addresses: publicAddresses(state),
    services,
  };
}

function publicAddresses({ addresses }: StackState): Record<string, string> {
  const database = new URL(addresses.postgresUrl);
  return {
    temporalUi: addresses.temporalUiUrl,
    temporal: addresses.temporalAddress,
    natsFeeds: addresses.natsFeedUrl,
    natsMonitor: addresses.natsMonitorUrl,
    postgres: `${database.host}${database.pathname}`,
    paperVenue: addresses.paperUrl,
  };
}

function addressTable(state: StackState): string {
  return Object.entries(publicAddresses(state))
    .map(([name, address]) => `  ${name.padEnd(12)} ${address}`)
    .join('\n');
}

/** What is not as a person may expect it: ports that were taken, data in another place. */
function noteLines({ moved, ports, notes }: StackState): readonly string[] {
  const elsewhere = moved.map(
    (name) => `  port ${PREFERRED_PORTS[name]} was taken: ${name} is at ${ports[name]}`,
  );
  return [...elsewhere, ...notes.map((note) => `  ${note}`)];
}

function servicesTable(services: readonly ServiceState[]): string {
  return table(
    services,
    [
      { heading: 'PROCESS', cell: (service) => service.instance },
      { heading: 'STATUS', cell: (service) => service.status },
      { heading: 'PID', cell: (service) => String(service.pid ?? '—'), align: 'right' },
      { heading: 'RESTARTS', cell: (service) => String(service.restarts), align: 'right' },
      { heading: 'SINCE', cell: (service) => new Date(service.sinceMs).toISOString().slice(0, 19) },
      { heading: 'DETAIL', cell: (service) => service.detail ?? '' },
    ],
    'no processes',
  );
}

async function reset({ yes }: { readonly yes?: boolean }, command: Command): Promise<void> {
  const home = homeOf(command);
  if (yes !== true) {
    await confirm(`Wipe everything in ${home}: books, debates, candles? [y/N] `, {
      danger: 'reset wipes all state',
      refused: 'nothing was wiped',
    });
  }
  expectNoDemo(home);
  // The demo's state lies within the home, also in one where nothing else was ever started.
  await resetStack(demoHome(home));
  await resetStack(home);
  process.stdout.write(`${home} is empty\n`);
}

async function doctor({ json }: JsonFlag, command: Command): Promise<void> {
  const findings = await diagnose(readableHomeOf(command));
  const ill = findings.some((finding) => finding.state === 'ill');
  process.exitCode = ill ? EXIT_CODES.failed : EXIT_CODES.ok;
  if (json === true) return printJson(findings);
  const marks = { well: 'ok    ', notice: 'notice', ill: 'ILL   ' } as const;
  for (const { what, state, detail, advice, log, lines } of findings) {
    process.stdout.write(`${marks[state]}  ${what.padEnd(18)} ${detail}\n`);
    if (advice !== null) process.stdout.write(`        → ${advice}\n`);
    if (log !== null && state !== 'well') process.stdout.write(`        log: ${log}\n`);
    for (const line of lines) process.stdout.write(`          ${line}\n`);
  }
}
