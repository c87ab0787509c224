import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { violatedConstraint } from '../../../adapters/store/store.ts';
import { activeUsersWithConfig, addUser, setConfig } from '../../../adapters/store/users.ts';
import { CorroError } from '../../../proto/errors.ts';
import { withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { Keyring } from '../keyring.ts';
import { printJson } from '../output.ts';
import { table } from '../table.ts';

interface ConfigFlags {
  readonly weights?: string;
  readonly rules?: string;
  readonly limits?: string;
}

export function addUsers(program: Command): void {
  const users = program
    .command('users')
    .description('whom the ring decides for, with their weights, rules and limits')
    .option('--json', 'as JSON')
    .action(({ json }: { readonly json?: boolean }, command: Command) =>
      withStack(readableHomeOf(command), async ({ db }) => {
        const rows = await activeUsersWithConfig(db);
        if (json === true) return printJson(rows);
        const text = table(
          rows,
          [
            { heading: 'USER', cell: (user) => user.username },
            { heading: 'CONFIG', cell: (user) => `version ${user.config.version}` },
            { heading: 'WEIGHTS', cell: (user) => JSON.stringify(user.config.weights) },
            { heading: 'THRESHOLD', cell: (user) => `${user.config.rules.thresholdBp / 100} %` },
            { heading: 'ALWAYS ASK', cell: (user) => (user.config.rules.alwaysAsk ? 'yes' : 'no') },
          ],
          'no users',
        );
        process.stdout.write(`${text}\n`);
      }),
    );
  withConfig(
    users.command('add').description('add a user, with a key and paper money of their own'),
  )
    .argument('<username>', 'a-z, 0-9, _ and -')
    .option('--email <address>', 'default: <username>@localhost')
    .action(
      (username: string, flags: ConfigFlags & { readonly email?: string }, command: Command) =>
        withStack(readableHomeOf(command), async ({ db, state }) => {
          if (!/^[a-z0-9_-]{1,50}$/.test(username)) {
            throw new CorroError(
              'usage',
              `username must be 1 to 50 of a-z 0-9 _ -, was ${username}`,
            );
          }
          const email = flags.email ?? `${username}@localhost`;
          const added = { username, email, config: configOf(flags) };
          const user = await addUser(db, added).catch(explainTaken(username, email));
          await new Keyring(state.home).makeMissing(db);
          printJson(user);
        }),
    );
  withConfig(users.command('set').description("set parts of a user's configuration: a new version"))
    .argument('<username>')
    .action((username: string, flags: ConfigFlags, command: Command) =>
      withStack(readableHomeOf(command), async ({ db }) => {
        printJson(await setConfig(db, { username, ...configOf(flags) }));
      }),
    );
}

/** Turns what the database says of a second user of the same name or address into a sentence. */
function explainTaken(username: string, email: string): (error: unknown) => never {
  return (error) => {
    const constraint = violatedConstraint(error);
    if (constraint === 'users_username_key') {
      throw new CorroError('usage', `there is a user ${username} already`, { cause: error });
    }
    if (constraint === 'users_email_key') {
      throw new CorroError('usage', `${email} is another user's address`, { cause: error });
    }
    throw error;
  };
}

function withConfig(command: Command): Command {
  return command
    .option('--weights <json>', '{"strategist": 1.5}, or @file')
    .option('--rules <json>', '{"alwaysAsk": true}, or @file')
    .option('--limits <json>', '{"maxPositionBps": 1000}, or @file');
}

function configOf({ weights, rules, limits }: ConfigFlags) {
  return {
    ...(weights === undefined ? {} : { assistantWeights: parse('--weights', weights) }),
    ...(rules === undefined ? {} : { customRules: parse('--rules', rules) }),
    ...(limits === undefined ? {} : { riskLimits: parse('--limits', limits) }),
  };
}

function parse(flag: string, text: string): unknown {
  try {
    return JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text);
  } catch (error) {
    throw new CorroError('bad_configuration', `${flag} must be JSON: ${String(error)}`);
  }
}
