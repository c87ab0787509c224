import type { Command } from 'commander';
import { activeHalts, type Halt, liftHalt, placeHalt } from '../../../adapters/store/halts.ts';
import { findInstrument } from '../../../adapters/store/instruments.ts';
import type { Reader } from '../../../adapters/store/store.ts';
import { findUser, listUsers } from '../../../adapters/store/users.ts';
import { HALT_LEVELS, HALT_NAME, type HaltLevel, isHaltLevel } from '../../../core/risk/halt.ts';
import { CorroError } from '../../../proto/errors.ts';
import { confirm } from '../confirm.ts';
import { withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { PAPER_VENUE } from '../market.ts';
import { printJson } from '../output.ts';
import { checkedReason, NO_REASON } from '../reason.ts';
import { clockText, table } from '../table.ts';

interface HaltFlags {
  readonly user?: string;
  readonly symbol?: string;
  readonly name?: string;
  readonly reason?: string;
  readonly until?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const LEVELS_TEXT = `pause: nothing new is sent, guards' orders included
close-only: only orders that make a position smaller
cancel: close-only, and open orders but protective stops are cancelled
flatten: cancel, stops are taken back, and positions are sold
`;

export function addHalt(program: Command): void {
  const halt = program
    .command('halt')
    .description('stop trading, at once and in every process, until it is lifted by name')
    .argument('[level]', HALT_LEVELS.join(', '))
    .option('--user <username>', 'only this user')
    .option('--symbol <symbol>', 'only this symbol')
    .option('--name <name>', 'what it is lifted by (default: from level, user and symbol)')
    .option('--reason <text>', 'why: recorded, and shown to everybody')
    .option('--until <text>', 'what must be so before it is lifted, for people')
    .option('--yes', 'do not ask before a flatten')
    .option('--json', 'as JSON')
    .addHelpText('after', `\nLevels:\n${LEVELS_TEXT.replaceAll(/^(?=.)/gm, '  ')}`)
    .action(place);
  halt
    .command('list')
    .description('which halts hold, why, and what lifts them')
    .option('--json', 'as JSON')
    .action(list);
  halt
    .command('lift')
    .description('let orders go again, as far as no other halt forbids them')
    .argument('<name>', 'as `halt list` shows it')
    .option('--reason <text>', 'why: recorded')
    .option('--json', 'as JSON')
    .action(lift);
}

async function place(
  level: string | undefined,
  _flags: HaltFlags,
  command: Command,
): Promise<void> {
  const flags = command.optsWithGlobals<HaltFlags>();
  if (level === undefined || !isHaltLevel(level)) {
    const was = level === undefined ? 'was not said' : `was ${level}`;
    throw new CorroError('usage', `a halt must be ${HALT_LEVELS.join(', ')}, ${was}`);
  }
  // Nobody who wants to stop is held up for want of words; whoever lets orders go again is.
  const reason = flags.reason === undefined ? NO_REASON : checkedReason(flags.reason);
  const name = flags.name ?? nameOf(level, flags);
  if (!HALT_NAME.test(name)) {
    throw new CorroError('usage', `a name must be 1 to 80 of a-z 0-9 -, was ${name}`);
  }
  if (level === 'flatten' && flags.yes !== true) await confirmFlatten(flags);
  await withStack(readableHomeOf(command), async ({ db }) => {
    const { symbol, until: liftsWhen = 'a person lifts it by name' } = flags;
    const userId = flags.user === undefined ? undefined : (await findUser(db, flags.user)).id;
    if (symbol !== undefined) await findInstrument(db, { venue: PAPER_VENUE, symbol });
    const wanted = { level, userId, symbol };
    const given = { ...wanted, name, reason, liftsWhen, automatic: false, placedBy: 'cli' };
    const halt = await placeHalt(db, given);
    if (!isSame(halt, wanted)) {
      throw new CorroError('halt_name_taken', `${name} is a ${halt.level}: say another --name`);
    }
    if (flags.json === true) return printJson(halt);
    const lifted = `lift it by: ./corro halt lift ${halt.name} --reason …`;
    process.stdout.write(`${halt.level} (${halt.name}) holds; ${lifted}\n`);
  });
}

async function list(_flags: HaltFlags, command: Command): Promise<void> {
  const { json } = command.optsWithGlobals<HaltFlags>();
  await withStack(readableHomeOf(command), async ({ db }) => {
    const halts = await activeHalts(db);
    if (json === true) return printJson(halts);
    process.stdout.write(`${await haltsTable(db, halts)}\n`);
  });
}

async function lift(name: string, _flags: HaltFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<HaltFlags>();
  const reason = checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async ({ db }) => {
    const halt = await liftHalt(db, { name, by: 'cli', reason });
    const left = await activeHalts(db);
    if (flags.json === true) return printJson({ lifted: halt, active: left });
    process.stdout.write(`${halt.level} (${halt.name}) is lifted\n`);
    if (left.length > 0) process.stdout.write(`\n${await haltsTable(db, left)}\n`);
  });
}

async function haltsTable(db: Reader, halts: readonly Halt[]): Promise<string> {
  const names = new Map((await listUsers(db)).map(({ id, username }) => [id, username]));
  return table(
    halts,
    [
      { heading: 'NAME', cell: (halt) => halt.name },
      { heading: 'LEVEL', cell: (halt) => halt.level },
      {
        heading: 'USER',
        cell: ({ userId }) => (userId === null ? 'all' : (names.get(userId) ?? userId)),
      },
      { heading: 'SYMBOL', cell: (halt) => halt.symbol ?? 'all' },
      { heading: 'SINCE (UTC)', cell: (halt) => clockText(halt.placedAtMs) },
      { heading: 'BY', cell: (halt) => halt.placedBy },
      { heading: 'REASON', cell: (halt) => halt.reason },
      { heading: 'LIFTS WHEN', cell: (halt) => halt.liftsWhen },
    ],
    'no halt holds',
  );
}

function nameOf(level: HaltLevel, { user, symbol }: HaltFlags): string {
  return [level, user, symbol]
    .filter((part) => part !== undefined)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '-')
    .slice(0, 80);
}

function isSame(
  halt: Halt,
  wanted: {
    readonly level: string;
    readonly userId: string | undefined;
    readonly symbol: string | undefined;
  },
): boolean {
  const { level, userId = null, symbol = null } = wanted;
  return halt.level === level && halt.userId === userId && halt.symbol === symbol;
}

function confirmFlatten({ user, symbol }: HaltFlags): Promise<void> {
  const what = `${symbol ?? 'everything'} of ${user ?? 'everybody'}`;
  return confirm(`Sell ${what}, and cancel all open orders? [y/N] `, {
    danger: 'flatten sells positions',
    refused: 'nothing was sold',
  });
}
