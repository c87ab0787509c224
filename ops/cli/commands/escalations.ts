import type { Command } from 'commander';
import {
  type Escalation,
  readAnswers,
  readEscalations,
} from '../../../adapters/store/escalations.ts';
import { fromJson } from '../../../adapters/store/json.ts';
import { ANSWERS, type AnswerVerb } from '../../../core/debate/answer.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import type { EscalationInput } from '../../../proto/escalation.ts';
import { Questions } from '../../ring/questions.ts';
import { type Connections, withStack } from '../connections.ts';
import { findByPrefix } from '../find.ts';
import { readableHomeOf } from '../home.ts';
import { Keyring } from '../keyring.ts';
import { PAPER_VENUE } from '../market.ts';
import { printJson } from '../output.ts';
import { clockText, table } from '../table.ts';
import { readCount } from './replay.ts';

interface ListFlags {
  readonly open?: boolean;
  readonly last: number;
  readonly json?: boolean;
}

interface AnswerFlags {
  readonly quantity?: string;
  readonly signOnly?: boolean;
  readonly json?: boolean;
}

export function addEscalations(program: Command): void {
  const escalations = program
    .command('escalations')
    .description('questions to a person: list, show, answer')
    .option('--open', 'only those that wait for an answer')
    .option('--last <n>', 'at most so many', readCount, 50)
    .option('--json', 'as JSON')
    .action((flags: ListFlags, command: Command) =>
      withStack(readableHomeOf(command), (connections) => listAll(connections, flags)),
    );
  escalations
    .command('answer')
    .description(
      'approve (as asked), reject, or modify (another quantity); the first answer stands',
    )
    .argument('<id>', 'its id, or the beginning of it')
    .argument('<verb>', ANSWERS.join(', '))
    .option('--quantity <base>', 'with modify: base units, like 0.01')
    .option('--sign-only', 'print the signed answer, to be handed in through Temporal')
    .option('--json', 'as JSON')
    .action((id: string, verb: string, flags: AnswerFlags, command: Command) => {
      const given = { id, verb: checkedVerb(verb, flags), flags, command };
      return withStack(readableHomeOf(command), (connections) => answer(connections, given));
    });
  escalations
    .command('show')
    .description('one question and the answers it got')
    .argument('<id>', 'its id, or the beginning of it')
    .action((id: string, _flags: unknown, command: Command) =>
      withStack(readableHomeOf(command), async ({ db }) => {
        const escalation = await find({ db }, id);
        printJson({ ...escalation, answers: await readAnswers(db, escalation.escalationId) });
      }),
    );
}

async function listAll({ db }: Connections, { open, last, json }: ListFlags): Promise<void> {
  const status = open === true ? { status: 'open' as const } : {};
  const rows = await readEscalations(db, { newest: last, ...status });
  if (json === true) return printJson(rows);
  const text = table(
    rows,
    [
      { heading: 'ID', cell: (row) => row.escalationId.slice(0, 12) },
      { heading: 'ASKED (UTC)', cell: (row) => clockText(row.askedAtMs + 1) },
      { heading: 'UNTIL', cell: (row) => clockText(row.deadlineMs + 1).slice(11) },
      { heading: 'USER', cell: (row) => row.username },
      { heading: 'STATUS', cell: (row) => row.status },
      { heading: 'QUESTION', cell: (row) => questionOf(row).text },
    ],
    open === true ? 'no question waits for an answer' : 'no questions yet',
  );
  process.stdout.write(`${text}\n`);
}

function questionOf({ question }: Escalation): EscalationInput {
  return fromJson(question);
}

function checkedVerb(verb: string, { quantity }: AnswerFlags): AnswerVerb {
  const known = ANSWERS.find((one) => one === verb);
  if (known === undefined) {
    throw new CorroError('usage', `an answer must be one of ${ANSWERS.join(', ')}, was ${verb}`);
  }
  if ((known === 'modify') === (quantity !== undefined)) return known;
  throw new CorroError('usage', '--quantity goes with modify, and modify with --quantity');
}

async function find({ db }: Pick<Connections, 'db'>, typed: string): Promise<Escalation> {
  const known = await readEscalations(db);
  const id = findByPrefix(
    known.map((one) => one.escalationId),
    typed,
  );
  const found = known.find((one) => one.escalationId === id);
  if (found !== undefined) return found;
  const open = known.filter((one) => one.status === 'open').map((one) => one.escalationId);
  const there = open.length === 0 ? 'none is open' : `open: ${open.join(', ')}`;
  throw new CorroError('unknown_escalation', `${typed}; ${there}`);
}

async function answer(
  connections: Connections,
  given: {
    readonly id: string;
    readonly verb: AnswerVerb;
    readonly flags: AnswerFlags;
    readonly command: Command;
  },
): Promise<void> {
  const { verb, flags } = given;
  const escalation = await find(connections, given.id);
  const { escalationId, status } = escalation;
  if (status !== 'open') throw new CorroError('escalation_closed', status);
  const { db, state } = connections;
  const keyring = new Keyring(state.home);
  const wish = { verb, ...(flags.quantity === undefined ? {} : { quantity: flags.quantity }) };
  if (flags.signOnly === true) return printJson(keyring.sign(questionOf(escalation), wish));
  const questions = new Questions({ db, client: await connections.temporal(), venue: PAPER_VENUE });
  const receipt = await questions.answer(escalationId, { ...wish, from: 'cli' }, keyring);
  process.exitCode = receipt.outcome === 'accepted' ? EXIT_CODES.ok : EXIT_CODES.failed;
  if (flags.json === true || given.command.parent?.opts()['json'] === true) {
    return printJson(receipt);
  }
  const { order } = receipt;
  const traded =
    order === null ? '' : `\norder: ${order.state.replaceAll('_', ' ')}, ${order.reason}`;
  process.stdout.write(`${receipt.outcome.replaceAll('_', ' ')}: ${receipt.reason}${traded}\n`);
}
