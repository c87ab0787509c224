import type { Command } from 'commander';
import { SealError } from '../../../adapters/seal/envelope.ts';
import { Masters } from '../../../adapters/seal/masters.ts';
import {
  listSecrets,
  readSecret,
  removeSecret,
  rotateSecrets,
  type SecretName,
  type SecretRow,
  setSecret,
} from '../../../adapters/store/secrets.ts';
import type { Reader } from '../../../adapters/store/store.ts';
import { findUser } from '../../../adapters/store/users.ts';
import { CorroError } from '../../../proto/errors.ts';
import { homeAt } from '../../stack/home.ts';
import { type Connections, withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { table } from '../table.ts';

const MOST_BYTES = 65_536;

interface UserFlag {
  readonly user?: string;
}

interface JsonFlag {
  readonly json?: boolean;
}

export function addSecrets(program: Command): void {
  const secrets = program
    .command('secrets')
    .description(
      'sealed secrets, as an exchange’s keys (no worker uses one yet): set, list, remove, rotate',
    )
    .option('--json', 'as JSON')
    .action((flags: JsonFlag, command: Command) => list(flags, command));
  secrets
    .command('list')
    .description('their names and versions; never what they are')
    .option('--json', 'as JSON')
    .action((flags: JsonFlag, command: Command) =>
      list({ json: flags.json === true || command.parent?.opts()['json'] === true }, command),
    );
  secrets
    .command('set')
    .description('seal a secret; its value is read from standard input, and replaces the old one')
    .argument('<name>', 'a-z, 0-9 and -, as venue-binance')
    .option('--user <name>', 'whose it is; the ring’s own when not said')
    .action((name: string, flags: UserFlag, command: Command) =>
      withSecrets(command, async ({ db }, masters) => {
        const secret = await named({ db }, name, flags);
        const { version } = await setSecret(db, masters, { ...secret, value: await readValue() });
        process.stdout.write(`${name} is sealed, version ${version}\n`);
      }),
    );
  secrets
    .command('remove')
    .description('remove a secret; nothing opens it any more')
    .argument('<name>')
    .option('--user <name>', 'whose it is; the ring’s own when not said')
    .action((name: string, flags: UserFlag, command: Command) =>
      withSecrets(command, async ({ db }) => {
        await removeSecret(db, await named({ db }, name, flags));
        process.stdout.write(`${name} is removed\n`);
      }),
    );
  secrets
    .command('rotate')
    .description('put all of them under a new master key, while everything runs')
    .action((_flags: unknown, command: Command) =>
      withSecrets(command, async ({ db }, masters) => {
        const { masterKey, rewrapped } = await rotateSecrets(db, masters);
        process.stdout.write(`${rewrapped} secrets are under master key ${masterKey}\n`);
      }),
    );
}

function withSecrets(
  command: Command,
  act: (connections: Connections, masters: Masters) => Promise<void>,
): Promise<void> {
  const home = readableHomeOf(command);
  const masters = new Masters(homeAt(home).secrets);
  return withStack(home, (connections) => act(connections, masters));
}

async function list({ json }: JsonFlag, command: Command): Promise<void> {
  await withSecrets(command, async ({ db }, masters) => {
    const rows: (SecretRow & { readonly opens: boolean })[] = [];
    for (const row of await listSecrets(db)) {
      rows.push({ ...row, opens: await opens(db, masters, row) });
    }
    if (json === true) return printJson(rows);
    const text = table(
      rows,
      [
        { heading: 'NAME', cell: (row) => row.name },
        { heading: 'USER', cell: (row) => row.username ?? '—' },
        { heading: 'VERSION', cell: (row) => String(row.version), align: 'right' },
        { heading: 'SINCE', cell: (row) => row.recordedAt.toISOString().slice(0, 19) },
        { heading: 'MASTER KEY', cell: (row) => row.masterKey },
        { heading: 'OPENS', cell: (row) => (row.opens ? 'yes' : 'no: set it again') },
      ],
      'no secrets yet: ./corro secrets set NAME < file',
    );
    process.stdout.write(`${text}\n`);
  });
}

/** Whether this home's master keys still open it: a copied database, a lost key or a changed row is
 * better found here than by whoever needs the secret. */
async function opens(db: Reader, masters: Masters, secret: SecretName): Promise<boolean> {
  try {
    return (await readSecret(db, masters, secret)) !== null;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}

async function named(
  { db }: Pick<Connections, 'db'>,
  name: string,
  { user }: UserFlag,
): Promise<SecretName> {
  if (!/^[a-z0-9][a-z0-9-]{0,79}$/.test(name)) {
    throw new CorroError('usage', `a secret's name must be 1 to 80 of a-z 0-9 -, was ${name}`);
  }
  return { name, userId: user === undefined ? null : (await findUser(db, user)).id };
}

/** The command line is in the shell's history and in every list of processes; standard input is
 * not. */
async function readValue(): Promise<string> {
  if (process.stdin.isTTY === true) {
    throw new CorroError(
      'usage',
      'the value comes from standard input: corro secrets set NAME < file',
    );
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > MOST_BYTES) {
      throw new CorroError('usage', `a secret must have at most ${MOST_BYTES} bytes`);
    }
  }
  const value = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (value !== '') return value;
  throw new CorroError('usage', 'standard input must hold the value, was empty');
}
