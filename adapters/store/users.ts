import type { Kysely } from 'kysely';
import { canonicalJson } from '../../core/canonical.ts';
import {
  parseUserRules,
  parseUserWeights,
  type UserConfig,
} from '../../core/debate/user-config.ts';
import { hashOf } from '../../core/hash.ts';
import { parseRiskLimits, type RiskLimits } from '../../core/risk/limits.ts';
import { appendAudit } from './audit.ts';
import { type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';
import { transaction, violatedConstraint, type Writer } from './store.ts';
import { UnknownError } from './unknown.ts';
import { ensureFirstWeights } from './weights.ts';

export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly active: boolean;
}

/** A user as a debate judges for them: the newest configuration, read and checked. */
export interface ConfiguredUser extends User {
  readonly config: UserConfig;
  readonly limits: RiskLimits;
}

/** What a user may set, as they write it; absent = everything as it is by default. */
export interface ConfigText {
  /** `{"strategist": 1.5}`: multipliers, see `parseUserWeights`. */
  readonly assistantWeights?: unknown;
  /** See `parseUserRules`. */
  readonly customRules?: unknown;
  /** See `parseRiskLimits`. */
  readonly riskLimits?: unknown;
}

/** Where configuration changes are audited. */
const PARTITION = 'configuration';

/** The user a new ring trades for. */
export const DEFAULT_USER = { username: 'trader', email: 'trader@localhost' } as const;

/** Makes sure of version 1 of the weights (equal) and of the user `trader` with version 1 of its
 * configuration (all defaults). Changes nothing that is there; several processes may call it. */
export async function ensureDefaults(db: Kysely<Database>): Promise<void> {
  await ensureFirstWeights(db);
  const there = await db
    .selectFrom('users')
    .select('id')
    .where('username', '=', DEFAULT_USER.username)
    .executeTakeFirst();
  if (there) return;
  try {
    await addUser(db, DEFAULT_USER);
  } catch (error) {
    if (violatedConstraint(error) !== 'users_username_key') throw error;
  }
}

/** Adds a user with version 1 of a configuration. Throws ConfigError or RiskLimitsError on text
 * that cannot be used, and the database's error when the name or the address is taken. */
export function addUser(
  db: Kysely<Database>,
  { username, email, config = {} }: AddedUser,
): Promise<ConfiguredUser> {
  return transaction(db, async (trx) => {
    const { id } = await trx
      .insertInto('users')
      .values({ username, email })
      .returning('id')
      .executeTakeFirstOrThrow();
    const user: User = { id, username, email, active: true };
    const body = { username, email };
    await appendAudit(trx, { partition: PARTITION, act: 'user-added', reference: username, body });
    const blank = { version: 0, ...complete({}) };
    return writeConfig(trx, user, { before: blank, after: { version: 1, ...complete(config) } });
  });
}

export interface AddedUser {
  /** a-z, 0-9, `_` and `-`, at most 50. */
  readonly username: string;
  readonly email: string;
  readonly config?: ConfigText;
}

/** Sets parts of a user's configuration; what is left out stays. The result is a new version: older
 * ones stay for the decisions that name them. Throws UnknownError, ConfigError or
 * RiskLimitsError. */
export function setConfig(
  db: Kysely<Database>,
  { username, ...change }: ConfigText & { readonly username: string },
): Promise<ConfiguredUser> {
  return transaction(db, async (trx) => {
    const user = await findUser(trx, username);
    // The row lock puts two changes at once in a row: neither takes the other's version.
    await trx.selectFrom('users').select('id').where('id', '=', user.id).forUpdate().execute();
    const newest = await newestConfig(trx, user);
    const next = { ...complete(newest), ...given(change), version: newest.version + 1 };
    return writeConfig(trx, user, { before: newest, after: next });
  });
}

/** One user by name. Throws UnknownError that names the users there are. */
export async function findUser(db: Kysely<Database>, username: string): Promise<User> {
  const users = await listUsers(db);
  const found = users.find((user) => user.username === username);
  if (found) return found;
  throw new UnknownError(
    'user',
    username,
    users.map((user) => user.username),
  );
}

/** Every user, by name. */
export async function listUsers(db: Kysely<Database>): Promise<readonly User[]> {
  const rows = await db.selectFrom('users').selectAll().orderBy('username').execute();
  return rows.map(({ id, username, email, is_active: active }) => ({
    id,
    username,
    email,
    active,
  }));
}

/** Everybody the ring decides for, by name, each with the newest configuration. */
export async function activeUsersWithConfig(
  db: Kysely<Database>,
): Promise<readonly ConfiguredUser[]> {
  const rows = await db
    .selectFrom('users')
    .innerJoin('user_config', 'user_config.user_id', 'users.id')
    .distinctOn('users.username')
    .select(['users.id', 'username', 'email', 'is_active', 'version'])
    .select(['assistant_weights', 'custom_rules', 'risk_limits'])
    .where('is_active', '=', true)
    .orderBy('username')
    .orderBy('version', 'desc')
    .execute();
  return rows.map((row) => configured({ ...row, active: row.is_active }, configText(row)));
}

/** One version of a user's configuration: what a recorded decision names. */
export async function configOf(
  db: Kysely<Database>,
  { username, version }: { readonly username: string; readonly version: number },
): Promise<ConfiguredUser> {
  const user = await findUser(db, username);
  const rows = await configsOf(db, user).execute();
  const row = rows.find((one) => one.version === version);
  if (row) return configured(user, configText(row));
  const versions = rows.map((one) => String(one.version));
  throw new UnknownError(`configuration of ${username}`, String(version), versions);
}

interface StoredConfig extends Required<ConfigText> {
  readonly version: number;
}

async function writeConfig(
  trx: Writer,
  user: User,
  { before, after: text }: { readonly before: StoredConfig; readonly after: StoredConfig },
): Promise<ConfiguredUser> {
  const checked = configured(user, text);
  const { version, assistantWeights, customRules, riskLimits } = text;
  await trx
    .insertInto('user_config')
    .values({
      user_id: user.id,
      version,
      assistant_weights: toJson(assistantWeights),
      custom_rules: toJson(customRules),
      risk_limits: toJson(riskLimits),
    })
    .execute();
  const content = hashOf({ assistantWeights, customRules, riskLimits });
  const changes = changesBetween(before, text);
  const body = { username: user.username, version, content, changes };
  const reference = `${user.username}:${version}`;
  await appendAudit(trx, { partition: PARTITION, act: 'config-set', reference, body });
  return checked;
}

/** A field of a configuration that has another value than before; `null`: the default, unnamed. */
export interface ConfigChange {
  /** `riskLimits.maxPositionBps` */
  readonly field: string;
  /** JSON, because a multiplier may be a fraction and an audit holds none. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Limits are compared as they apply, defaults filled in; the rest as it was written. */
function changesBetween(before: StoredConfig, after: StoredConfig): readonly ConfigChange[] {
  return [
    ...differences('assistantWeights', before.assistantWeights, after.assistantWeights),
    ...differences('customRules', before.customRules, after.customRules),
    ...differences(
      'riskLimits',
      parseRiskLimits(before.riskLimits),
      parseRiskLimits(after.riskLimits),
    ),
  ];
}

function differences(part: string, before: unknown, after: unknown): readonly ConfigChange[] {
  const was = Object.entries(before ?? {});
  const is = Object.entries(after ?? {});
  const names = [...new Set([...was, ...is].map(([name]) => name))].toSorted();
  const valueIn = (entries: readonly (readonly [string, unknown])[], name: string) => {
    const found = entries.find(([one]) => one === name);
    return found === undefined ? null : canonicalJson(found[1]);
  };
  return names
    .map((name) => ({ field: `${part}.${name}`, from: valueIn(was, name), to: valueIn(is, name) }))
    .filter(({ from, to }) => from !== to);
}

async function newestConfig(trx: Writer, user: User): Promise<StoredConfig> {
  const row = await configsOf(trx, user).limit(1).executeTakeFirst();
  return row ? configText(row) : { version: 0, ...complete({}) };
}

function configsOf(db: Kysely<Database>, user: User) {
  return db
    .selectFrom('user_config')
    .select(['version', 'assistant_weights', 'custom_rules', 'risk_limits'])
    .where('user_id', '=', user.id)
    .orderBy('version', 'desc');
}

function complete(text: ConfigText): Required<ConfigText> {
  return { assistantWeights: {}, customRules: {}, riskLimits: {}, ...given(text) };
}

/** The fields that were given: an `undefined` one was not. */
function given({ assistantWeights, customRules, riskLimits }: ConfigText): ConfigText {
  return {
    ...(assistantWeights === undefined ? {} : { assistantWeights }),
    ...(customRules === undefined ? {} : { customRules }),
    ...(riskLimits === undefined ? {} : { riskLimits }),
  };
}

interface ConfigRow {
  readonly version: number;
  readonly assistant_weights: JsonValue;
  readonly custom_rules: JsonValue;
  readonly risk_limits: JsonValue;
}

function configText(row: ConfigRow): StoredConfig {
  return {
    version: row.version,
    assistantWeights: row.assistant_weights,
    customRules: row.custom_rules,
    riskLimits: row.risk_limits,
  };
}

function configured(user: User, text: StoredConfig): ConfiguredUser {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    active: user.active,
    config: {
      version: text.version,
      weights: parseUserWeights(text.assistantWeights),
      rules: parseUserRules(text.customRules),
    },
    limits: parseRiskLimits(text.riskLimits),
  };
}
