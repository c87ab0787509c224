import type { Command } from 'commander';
import { type LeftOrder, leftOrders } from '../../../adapters/store/left-orders.ts';
import { listOrders } from '../../../adapters/store/orders.ts';
import { listUsers } from '../../../adapters/store/users.ts';
import { CorroError } from '../../../proto/errors.ts';
import type { Settlement, SettlementInput } from '../../../proto/settlement.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../../workflows/messages.ts';
import { patiently } from '../../ring/patience.ts';
import { type Connections, withStack } from '../connections.ts';
import { findByPrefix } from '../find.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { printable } from '../printable.ts';
import { clockText, shortDecimal, table } from '../table.ts';

interface SettleFlags {
  readonly reason?: string;
  readonly json?: boolean;
}

const MOST_WORDS = 1_000;

/** What is done about orders that nobody pursues any more. */
export function addSettlement(orders: Command): void {
  orders
    .command('left')
    .description('orders that wait for a person, why, and what each holds back')
    .option('--json', 'as JSON')
    .action(left);
  orders
    .command('settle')
    .description('have the venue asked anew about such an order, and its word booked')
    .argument('<order>', 'its client order id, or the beginning of it')
    .option('--reason <text>', 'why: recorded')
    .option('--json', 'as JSON')
    .action(settle);
}

async function left(_flags: SettleFlags, command: Command): Promise<void> {
  const { json } = command.optsWithGlobals<SettleFlags>();
  await withStack(readableHomeOf(command), async ({ db }) => {
    const orders = await leftOrders(db);
    if (json === true) return printJson(orders);
    const names = new Map((await listUsers(db)).map(({ id, username }) => [id, username]));
    process.stdout.write(`${leftTable(orders, (id) => names.get(id) ?? id)}\n`);
  });
}

function leftTable(orders: readonly LeftOrder[], name: (userId: string) => string): string {
  return table(
    orders,
    [
      { heading: 'ORDER', cell: (order) => order.clientOrderId },
      { heading: 'SINCE (UTC)', cell: (order) => clockText(order.sinceMs) },
      { heading: 'USER', cell: (order) => name(order.userId) },
      { heading: 'SYMBOL', cell: (order) => order.symbol },
      { heading: 'SIDE', cell: (order) => order.side },
      { heading: 'STATE', cell: (order) => order.state },
      {
        heading: 'HOLDS BACK',
        cell: ({ reserved }) =>
          reserved === null ? '-' : `${shortDecimal(reserved.amount)} ${reserved.asset}`,
        align: 'right',
      },
      { heading: 'WHY', cell: ({ reason }) => printable(reason ?? 'its workflow has ended') },
    ],
    'no order waits for a person',
  );
}

/** `2 orders wait for a person: ./corro orders left`; nothing when none does. */
export function leftLine(orders: readonly LeftOrder[]): string | null {
  if (orders.length === 0) return null;
  const many = orders.length === 1 ? 'order waits' : 'orders wait';
  return `${orders.length} ${many} for a person: ./corro orders left`;
}

async function settle(typed: string, _flags: SettleFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<SettleFlags>();
  const reason = checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async (connections) => {
    const clientOrderId = await waitingOrder(connections, typed);
    const settlement = await settled(connections, { clientOrderId, by: 'cli', reason });
    if (settlement.kind === 'refused') {
      throw new CorroError('server_unreachable', settlement.reason);
    }
    const { outcome } = settlement;
    if (outcome.state === 'needs_person') throw new CorroError('failed', outcome.reason);
    if (flags.json === true) return printJson(outcome);
    process.stdout.write(`${printable(`${outcome.state}: ${outcome.reason}`)}\n`);
  });
}

function checkedReason(reason: string | undefined): string {
  const words = reason?.trim() ?? '';
  if (words.length > 0 && words.length <= MOST_WORDS) return words;
  throw new CorroError('usage', `--reason must be 1 to ${MOST_WORDS} characters`);
}

/** Only what is left over: an order in hand is settled by whoever has it. */
async function waitingOrder({ db }: Connections, typed: string): Promise<string> {
  const waiting = (await leftOrders(db)).map((order) => order.clientOrderId);
  const found = findByPrefix(waiting, typed);
  if (waiting.includes(found)) return found;
  const newest = (await listOrders(db, { newest: 10_000 })).map((order) => order.clientOrderId);
  const known = findByPrefix(newest, typed);
  if (!newest.includes(known)) throw new CorroError('unknown_order', typed);
  throw new CorroError('failed', `${known} does not wait for a person: see ./corro orders`);
}

/** Asked twice at once it is done once. */
async function settled(connections: Connections, input: SettlementInput): Promise<Settlement> {
  const { wire } = connections;
  const client = await connections.temporal();
  const { signal } = new AbortController();
  const start = () =>
    client.workflow.start(WORKFLOWS.settlement, {
      workflowTaskTimeout: TASK_TIMEOUT,
      workflowId: wire.settlementWorkflowId(input.clientOrderId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue: wire.queues.order,
      args: [input],
    });
  const handle = await patiently('Temporal', start, { signal });
  const result = () => handle.result() as Promise<Settlement>;
  return patiently('settlement', result, { signal });
}
