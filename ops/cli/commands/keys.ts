import type { Command } from 'commander';
import { listUserKeys, revokeUserKey, type UserKey } from '../../../adapters/store/user-keys.ts';
import { withStack } from '../connections.ts';
import { findByPrefix } from '../find.ts';
import { readableHomeOf } from '../home.ts';
import { Keyring } from '../keyring.ts';
import { printJson } from '../output.ts';
import { table } from '../table.ts';

interface JsonFlag {
  readonly json?: boolean;
}

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('the keys people answer questions with: list, new, revoke')
    .option('--json', 'as JSON')
    .action((flags: JsonFlag, command: Command) => list(flags, command));
  keys
    .command('list')
    .description('every key; the private half of those marked "here" lies in this home')
    .option('--json', 'as JSON')
    .action((flags: JsonFlag, command: Command) =>
      list({ json: flags.json === true || command.parent?.opts()['json'] === true }, command),
    );
  keys
    .command('new')
    .description('make a key for a user; the one that lay here before is revoked')
    .argument('<user>')
    .action((username: string, _flags: unknown, command: Command) => {
      const home = readableHomeOf(command);
      return withStack(home, async ({ db }) => {
        const keyring = new Keyring(home);
        const key = await keyring.make(db, username);
        process.stdout.write(`key ${key.id} of ${username} is in ${keyring.pathOf(username)}\n`);
      });
    });
  keys
    .command('revoke')
    .description('end a key for ever: what is signed with it from now on is refused')
    .argument('<id>', 'its id, or the beginning of it')
    .action((typed: string, _flags: unknown, command: Command) =>
      withStack(readableHomeOf(command), async ({ db }) => {
        const known = (await listUserKeys(db)).map(({ id }) => id);
        const { revoked, key } = await revokeUserKey(db, findByPrefix(known, typed) ?? typed);
        const now = revoked ? 'is revoked' : 'was revoked before';
        process.stdout.write(`key ${key.id} of ${key.username} ${now}\n`);
      }),
    );
}

async function list({ json }: JsonFlag, command: Command): Promise<void> {
  const home = readableHomeOf(command);
  const keyring = new Keyring(home);
  await withStack(home, async ({ db }) => {
    const rows = (await listUserKeys(db)).map((key) => ({ ...key, here: isHere(keyring, key) }));
    if (json === true) return printJson(rows);
    const text = table(
      rows,
      [
        { heading: 'ID', cell: (key) => key.id.slice(0, 12) },
        { heading: 'USER', cell: (key) => key.username },
        { heading: 'LABEL', cell: (key) => key.label },
        { heading: 'SINCE', cell: (key) => key.recordedAt.toISOString().slice(0, 19) },
        { heading: 'REVOKED', cell: (key) => key.revokedAt?.toISOString().slice(0, 19) ?? '—' },
        { heading: 'PRIVATE HALF', cell: (key) => (key.here ? 'here' : 'elsewhere') },
      ],
      'no keys yet: ./corro keys new USER makes one',
    );
    process.stdout.write(`${text}\n`);
  });
}

function isHere(keyring: Keyring, { id, username }: UserKey): boolean {
  try {
    return keyring.keyId(username) === id;
  } catch {
    return false;
  }
}
