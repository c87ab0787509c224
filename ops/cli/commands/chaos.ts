import { type Command, InvalidArgumentError } from 'commander';
import { EXIT_CODES, type ExitName } from '../../../proto/errors.ts';
import { Campaign } from '../../chaos/campaign.ts';
import { everyFault, faultsNamed } from '../../chaos/faults.ts';
import { reportOf, reportPage } from '../../chaos/report.ts';
import { ALL_WAYS, type Simulated, simulate, type Way } from '../../chaos/simulation/campaign.ts';
import { simulationPage } from '../../chaos/simulation/report.ts';
import { interruptible } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { errorTerminal, readCount } from './replay.ts';

interface ChaosFlags {
  readonly seed: number;
  readonly minutes?: number;
  readonly hours?: number;
  readonly faults: readonly string[];
  readonly points?: boolean;
  readonly times?: number;
  readonly simulate?: number;
  readonly way: readonly Way[];
  readonly json?: boolean;
  readonly keep?: boolean;
}

const MINUTE_MS = 60_000;
const DEFAULT_MINUTES = 5;
/** Campaigns from this length on freeze and cut for up to a minute. */
const LONG_MINUTES = 30;
/** Rounds of all nine points between two looks at the books. */
const POINT_ROUNDS = 2;
const LONGEST_MS = { short: 8_000, long: 60_000 } as const;

export function addChaos(program: Command): void {
  program
    .command('chaos')
    .description('ill-treat a whole stack of its own under load, and prove that no money is lost')
    .option('--seed <n>', 'repeats a campaign: market, faults and their order', readSeed, 7)
    .option('--minutes <m>', `how long (default: ${DEFAULT_MINUTES})`, readAmount)
    .option('--hours <h>', 'how long, for long campaigns', readAmount)
    .option('--faults <list>', 'only these, by comma: groups or names', readList, [])
    .option('--times <n>', 'each fault so many times, however long it takes', readCount)
    .option('--points', 'only: the order worker killed at each named point of the order path')
    .option(
      '--simulate <orders>',
      'the order path in virtual time instead, so many orders',
      readCount,
    )
    .option('--way <list>', `with --simulate: ${ALL_WAYS.join(', ')}`, readWays, ['fenced'])
    .option('--json', 'print the report as JSON')
    .option('--keep', 'keep the home folder afterwards')
    .action(async (flags: ChaosFlags) => {
      process.exitCode = EXIT_CODES[await chaos(flags)];
    });
}

async function chaos(flags: ChaosFlags): Promise<ExitName> {
  if (flags.simulate !== undefined) return simulated(flags, flags.simulate);
  const screen = new Screen(flags.json ? errorTerminal() : standardTerminal());
  const stop = interruptible();
  try {
    return await campaigned(flags, screen, stop.signal);
  } finally {
    stop.done();
  }
}

async function campaigned(
  flags: ChaosFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<ExitName> {
  const { seed, minutes, hours, faults, points, times, keep } = flags;
  const long = (hours ?? 0) * 60 + (minutes ?? 0);
  const counted = times !== undefined || points === true;
  const campaign = new Campaign({
    seed,
    faults: faultsNamed(points === true ? ['point'] : faults),
    limitMs: counted ? null : (long || DEFAULT_MINUTES) * MINUTE_MS,
    rounds: times ?? 1,
    roundsABatch: points === true ? POINT_ROUNDS : null,
    longestMs: long >= LONG_MINUTES ? LONGEST_MS.long : LONGEST_MS.short,
    signal,
    screen,
    keep: keep === true,
  });
  const report = reportOf(await campaign.run(), { seed, command: commandOf(flags) });
  if (flags.json === true) printJson(report);
  else screen.line(reportPage(report));
  if (report.ended === 'interrupted') return 'interrupted';
  return report.ended === 'failed' ? 'verification_failed' : 'ok';
}

/** The fenced way must double and lose nothing. What the others double is shown, and no failure. */
function simulated({ seed, way, json }: ChaosFlags, orders: number): ExitName {
  const results = way.map((one) => simulate(one, orders, seed));
  if (json === true) printJson(results);
  else process.stdout.write(`${simulationPage(results)}\n`);
  const fenced = results.filter((result) => result.way === 'fenced');
  return fenced.every(isClean) ? 'ok' : 'verification_failed';
}

function isClean({ doubled, fillsLost, fillsInvented, undecided }: Simulated): boolean {
  return doubled + fillsLost + fillsInvented + undecided === 0;
}

function commandOf({ seed, minutes, hours, faults, points, times }: ChaosFlags): string {
  return [
    `./corro chaos --seed ${seed}`,
    ...(hours === undefined ? [] : [`--hours ${hours}`]),
    ...(minutes === undefined ? [] : [`--minutes ${minutes}`]),
    ...(points === true ? ['--points'] : []),
    ...(times === undefined ? [] : [`--times ${times}`]),
    ...(faults.length === 0 ? [] : [`--faults ${faults.join(',')}`]),
  ].join(' ');
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new InvalidArgumentError('must be a whole number from 0');
}

function readAmount(text: string): number {
  const amount = Number(text);
  if (amount > 0 && Number.isFinite(amount)) return amount;
  throw new InvalidArgumentError('must be a number above 0');
}

function readList(text: string): readonly string[] {
  const words = text.split(',').filter((word) => word !== '');
  const known = everyFault();
  for (const word of words) {
    if (known.some(({ name, group }) => name === word || group === word)) continue;
    const all = [...new Set(known.flatMap(({ name, group }) => [group, name]))];
    throw new InvalidArgumentError(`must be some of ${all.join(', ')}`);
  }
  return words;
}

function readWays(text: string): readonly Way[] {
  return text.split(',').map((word) => {
    const way = ALL_WAYS.find((one) => one === word);
    if (way !== undefined) return way;
    throw new InvalidArgumentError(`must be some of ${ALL_WAYS.join(', ')}`);
  });
}
