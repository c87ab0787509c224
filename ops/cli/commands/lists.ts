import type { Command } from 'commander';
import { listDebates, showDebate } from '../../../adapters/store/debates.ts';
import { readDecisions } from '../../../adapters/store/decisions.ts';
import { listFills, withRealised } from '../../../adapters/store/fills.ts';
import { listGuards } from '../../../adapters/store/guards.ts';
import { findInstrument } from '../../../adapters/store/instruments.ts';
import { listOrders } from '../../../adapters/store/orders.ts';
import {
  listPortfolios,
  listPositions,
  type PositionRow,
} from '../../../adapters/store/positions.ts';
import { listUsers } from '../../../adapters/store/users.ts';
import type { GuardRecord } from '../../../proto/guard.ts';
import { type Connections, withStack } from '../connections.ts';
import { debatePage } from '../debate-page.ts';
import { findByPrefix } from '../find.ts';
import { readableHomeOf } from '../home.ts';
import { PAPER_VENUE } from '../market.ts';
import { printJson } from '../output.ts';
import { clockText, shortDecimal, table } from '../table.ts';
import { readCount } from './replay.ts';
import { addSettlement } from './settle.ts';

interface ListFlags {
  readonly symbol?: string;
  readonly last: number;
  readonly json?: boolean;
}

export function addLists(program: Command): void {
  const debates = list(program, 'debates', {
    description: 'what was put to the ring, newest first',
    read: debatesList,
  });
  debates
    .command('show')
    .description('one debate: who said what, the votes, the verdict')
    .argument('<id>', 'its id, or the end of it')
    .option('--json', 'as JSON')
    .action(showOne);
  list(program, 'decisions', {
    description: 'what was decided, for whom, and its link in the chain',
    read: decisionsList,
  });
  list(program, 'positions', {
    description: 'what is held, and what it is worth',
    read: positionsList,
  });
  const orders = list(program, 'orders', {
    description: 'what was sent to the venue and what became of it',
    read: ordersList,
  });
  addSettlement(orders);
  list(program, 'fills', { description: 'booked trades', read: fillsList });
}

type Reader = (connections: Connections, flags: ListFlags) => Promise<Listed>;

interface Listed {
  readonly rows: unknown;
  readonly text: string;
}

interface ListCommand {
  readonly description: string;
  readonly read: Reader;
}

function list(program: Command, name: string, { description, read }: ListCommand): Command {
  return program
    .command(name)
    .description(description)
    .option('--symbol <symbol>', 'only this symbol')
    .option('--last <n>', 'at most so many', readCount, 50)
    .option('--json', 'as JSON')
    .action((flags: ListFlags, command: Command) =>
      withStack(readableHomeOf(command), async (connections) => {
        const { symbol } = flags;
        // An empty list would say that nothing happened there, of a market that does not exist.
        if (symbol !== undefined) {
          await findInstrument(connections.db, { venue: PAPER_VENUE, symbol });
        }
        const { rows, text } = await read(connections, flags);
        if (flags.json === true) printJson(rows);
        else process.stdout.write(`${text}\n`);
      }),
    );
}

async function debatesList({ db }: Connections, { symbol, last }: ListFlags): Promise<Listed> {
  const rows = await listDebates(db, {
    limit: last,
    ...(symbol === undefined ? {} : { symbol }),
  });
  const text = table(
    rows,
    [
      { heading: 'DEBATE', cell: (debate) => debate.id },
      { heading: 'CLOSE (UTC)', cell: (debate) => clockText(debate.closeTimeMs + 1) },
      { heading: 'SYMBOLS', cell: (debate) => debate.symbols.join(' ') },
      { heading: 'STATUS', cell: (debate) => debate.status },
      { heading: 'ROUNDS', cell: (debate) => String(debate.rounds), align: 'right' },
      { heading: 'CONTESTED', cell: (debate) => (debate.contested ? 'yes' : 'no') },
    ],
    'no debates yet',
  );
  return { rows, text };
}

function showOne(id: string, { json }: { readonly json?: boolean }, command: Command) {
  return withStack(readableHomeOf(command), async ({ db }) => {
    const known = (await listDebates(db, { limit: 10_000 })).map((debate) => debate.id);
    const debate = await showDebate(db, findByPrefix(known, id));
    // The parent's --json is the same wish.
    if (json === true || command.parent?.opts()['json'] === true) printJson(debate);
    else process.stdout.write(`${debatePage(debate)}\n`);
  });
}

async function decisionsList({ db }: Connections, { symbol, last }: ListFlags): Promise<Listed> {
  const rows = await readDecisions(db, {
    newest: last,
    ...(symbol === undefined ? {} : { symbol }),
  });
  const text = table(
    rows,
    [
      { heading: '#', cell: (decision) => String(decision.seq), align: 'right' },
      { heading: 'DECISION', cell: (decision) => decision.id.slice(0, 12) },
      { heading: 'CLOSE (UTC)', cell: (decision) => clockText(decision.closeTimeMs + 1) },
      { heading: 'USER', cell: (decision) => decision.username },
      { heading: 'SYMBOL', cell: (decision) => decision.symbol },
      { heading: 'VERDICT', cell: (decision) => decision.verdict },
      { heading: 'ACTION', cell: (decision) => decision.action },
      {
        heading: 'SURE',
        cell: (decision) => `${Math.round(decision.confidenceBp / 100)} %`,
        align: 'right',
      },
      { heading: 'CHAIN', cell: (decision) => decision.hash.slice(0, 12) },
    ],
    'no decisions yet',
  );
  return { rows, text };
}

async function usernames({ db }: Connections): Promise<(userId: string) => string> {
  const names = new Map((await listUsers(db)).map((user) => [user.id, user.username]));
  return (userId) => names.get(userId) ?? userId;
}

async function positionsList(connections: Connections, { symbol }: ListFlags): Promise<Listed> {
  const { db } = connections;
  const positions = await listPositions(db, symbol === undefined ? {} : { symbol });
  const guards = await listGuards(db, { open: true, ...(symbol === undefined ? {} : { symbol }) });
  const portfolios = await listPortfolios(db);
  const name = await usernames(connections);
  const held = table(
    positions,
    [
      { heading: 'USER', cell: (position) => name(position.userId) },
      { heading: 'SYMBOL', cell: (position) => position.symbol },
      { heading: 'QUANTITY', cell: ({ quantity }) => shortDecimal(quantity), align: 'right' },
      { heading: 'ENTRY', cell: ({ entryPrice }) => shortDecimal(entryPrice, 4), align: 'right' },
      {
        heading: 'PRICE',
        cell: ({ currentPrice }) => shortDecimal(currentPrice, 4),
        align: 'right',
      },
      {
        heading: 'UNREALISED',
        cell: ({ unrealisedPnl }) => shortDecimal(unrealisedPnl, 2),
        align: 'right',
      },
      {
        heading: 'REALISED',
        cell: ({ realisedPnl }) => shortDecimal(realisedPnl, 2),
        align: 'right',
      },
      ...guardColumns(guards),
    ],
    'no positions',
  );
  const money = table(
    portfolios,
    [
      { heading: 'USER', cell: (portfolio) => name(portfolio.userId) },
      { heading: 'MONEY', cell: (portfolio) => portfolio.quote },
      { heading: 'EQUITY', cell: ({ total }) => shortDecimal(total, 4), align: 'right' },
      { heading: 'AVAILABLE', cell: ({ available }) => shortDecimal(available, 4), align: 'right' },
      { heading: 'LOCKED', cell: ({ locked }) => shortDecimal(locked, 4), align: 'right' },
      { heading: 'PEAK', cell: ({ peak }) => shortDecimal(peak, 4), align: 'right' },
    ],
    'no money',
  );
  return { rows: { positions, guards, portfolios }, text: `${held}\n\n${money}` };
}

/** What guards each position: the stop, the target, and what is being done. */
function guardColumns(guards: readonly GuardRecord[]) {
  const guardOf = (held: PositionRow): GuardRecord | undefined =>
    guards.find(({ userId, venue, symbol }) => {
      return userId === held.userId && venue === held.venue && symbol === held.symbol;
    });
  return [
    {
      heading: 'STOP',
      cell: (held: PositionRow) => price(guardOf(held)?.state.stopPrice),
      align: 'right',
    },
    {
      heading: 'TARGET',
      cell: (held: PositionRow) => price(guardOf(held)?.state.targetPrice),
      align: 'right',
    },
    { heading: 'GUARD', cell: (held: PositionRow) => guardText(guardOf(held)) },
  ] as const;
}

function price(text: string | null | undefined): string {
  return text === null || text === undefined ? '' : shortDecimal(text, 4);
}

function guardText(guard: GuardRecord | undefined): string {
  if (guard === undefined) return '';
  const { resting, bare, selling, trailing, stuck } = guard.state;
  if (stuck !== null) return 'needs a person';
  if (selling !== null) return `selling: ${selling.why}`;
  if (bare !== null) return 'watched, too small to rest';
  if (resting === null) return 'no stop rests yet';
  return trailing ? 'rests, trailing' : 'rests';
}

async function ordersList(connections: Connections, flags: ListFlags): Promise<Listed> {
  const { symbol, last } = flags;
  const filter = symbol === undefined ? {} : { symbol };
  const orders = await listOrders(connections.db, { newest: last, ...filter });
  const rows = await withRealised(connections.db, orders);
  const name = await usernames(connections);
  const text = table(
    rows,
    [
      { heading: 'ORDER', cell: (order) => order.clientOrderId },
      { heading: 'AT (UTC)', cell: (order) => clockText(order.marketTimeMs + 1) },
      { heading: 'USER', cell: (order) => name(order.userId) },
      { heading: 'SYMBOL', cell: (order) => order.parameters.symbol },
      { heading: 'SIDE', cell: (order) => order.parameters.side },
      { heading: 'FOR', cell: (order) => order.purpose },
      {
        heading: 'QUANTITY',
        cell: (order) => shortDecimal(order.parameters.quantity),
        align: 'right',
      },
      {
        heading: 'LIMIT',
        cell: ({ parameters: { limitPrice } }) =>
          limitPrice === null ? 'market' : shortDecimal(limitPrice),
        align: 'right',
      },
      {
        heading: 'EXECUTED',
        cell: (order) => shortDecimal(order.executedQuantity),
        align: 'right',
      },
      { heading: 'EXPECTED', cell: (order) => price(order.estimatedPrice), align: 'right' },
      { heading: 'CAME', cell: (order) => price(order.averagePrice), align: 'right' },
      { heading: 'BP WORSE', cell: ({ slippageBps }) => slippageBps ?? '', align: 'right' },
      { heading: 'STATE', cell: (order) => order.state },
    ],
    'no orders yet',
  );
  return { rows, text };
}

async function fillsList(connections: Connections, flags: ListFlags): Promise<Listed> {
  const { symbol, last } = flags;
  const filter = symbol === undefined ? {} : { symbol };
  const rows = await listFills(connections.db, { newest: last, ...filter });
  const name = await usernames(connections);
  const text = table(
    rows,
    [
      { heading: 'TRADE', cell: (fill) => fill.tradeId },
      { heading: 'AT (UTC)', cell: (fill) => clockText(fill.marketTimeMs + 1) },
      { heading: 'USER', cell: (fill) => name(fill.userId) },
      { heading: 'SYMBOL', cell: (fill) => fill.symbol },
      { heading: 'SIDE', cell: (fill) => fill.side },
      { heading: 'QUANTITY', cell: (fill) => shortDecimal(fill.quantity), align: 'right' },
      { heading: 'PRICE', cell: (fill) => shortDecimal(fill.price), align: 'right' },
      {
        heading: 'FEE',
        cell: (fill) => `${shortDecimal(fill.fee)} ${fill.feeAsset}`,
        align: 'right',
      },
    ],
    'no fills yet',
  );
  return { rows, text };
}
