import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectBus } from '../adapters/bus/connect.ts';
import { signAnswer } from '../adapters/seal/answer.ts';
import type { Escalation } from '../adapters/store/escalations.ts';
import { paperKeys } from '../adapters/venue/paper-keys.ts';
import { homeAt, makeHome, REPOSITORY } from '../ops/stack/home.ts';
import { outsideData } from '../ops/stack/postgres.ts';
import type { EscalationInput } from '../proto/escalation.ts';
import { wire } from '../proto/subjects.ts';
import { answerUpdate } from '../workflows/messages.ts';
import { Corro } from './e2e/corro.ts';
import { CRASH } from './e2e/tape.ts';

/** Every secret of a home, looked for after a run in every place that outlives it or can be read by
 * somebody else: logs, tables, workflow histories, streams, feeds, the servers' own files, and what
 * the commands print. A failure here means that a password or a key is where it must not be. Each
 * place is also asked for a word that must be there, so that a place that is not read fails. */

const corro = new Corro();
const home = homeAt(corro.home);
const PAPER = `canary-of-the-paper-venue-${'7'.repeat(16)}`;
const SEALED = ['canary-sealed-of-the-ring-4471', 'canary-sealed-of-the-trader-8832'];
/** What is no secret though it lies beside them: the name of the master key in use. */
const PUBLIC = ['master', 'nats.conf'];
const SYMBOL = 'BTC/USDT';

const said: string[] = [];
const heard: Buffer[] = [];
let needles: readonly Needle[] = [];

/** One secret, in every form in which it could be written down. */
interface Needle {
  readonly name: string;
  readonly forms: readonly Buffer[];
}

function needle(name: string, secret: string): Needle {
  const raw = /^[0-9a-f]+$/.test(secret) ? [Buffer.from(secret, 'hex')] : [];
  // Base64 shifts with what stands before it.
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64');
    return Buffer.from(text.slice(shift === 0 ? 0 : 4, -4));
  });
  return { name, forms: [Buffer.from(secret), ...raw, ...shifted] };
}

/** Which secrets are in some bytes, by name. */
function secretsIn(bytes: Buffer): readonly string[] {
  return needles.flatMap(({ name, forms }) =>
    forms.some((form) => bytes.includes(form)) ? name : [],
  );
}

/** Every text and every payload anywhere in a history, as the bytes that they are: its JSON would
 * hide the payloads in base64. */
function bytesIn(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value === null || typeof value !== 'object') return Buffer.alloc(0);
  const parts = Object.entries(value).flatMap(([key, one]) => [Buffer.from(key), bytesIn(one)]);
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function everySecret(): readonly Needle[] {
  const files = filesUnder(home.secrets).filter(
    (path) => !PUBLIC.includes(relative(home.secrets, path)),
  );
  const kept = files.map((path) => {
    const text = readFileSync(path, 'utf8').trim();
    // Of a private key in PEM: the line with its bytes.
    const [first = '', second] = text.split('\n');
    return needle(relative(home.secrets, path), first.startsWith('-----') ? (second ?? '') : first);
  });
  return [...kept, ...SEALED.map((value, at) => needle(`sealed ${at}`, value))];
}

async function run(...words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await corro.run(...words);
  said.push(stdout, stderr);
  return stdout;
}

/** With a value on standard input. */
function seal(value: string, ...words: readonly string[]): void {
  const program = [join(REPOSITORY, 'ops/cli/main.ts'), '--home', corro.home];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...program, 'secrets', 'set', 'venue-binance', ...words],
    { cwd: REPOSITORY, input: `${value}\n`, encoding: 'utf8' },
  );
  said.push(stdout, stderr);
  expect(status, stderr).toBe(0);
}

/** Replays candle by candle until a question waits for an answer. */
async function nextQuestion(): Promise<Escalation> {
  for (let candle = 0; candle < 12; candle += 1) {
    const to = new Date(Date.UTC(2024, 7, 4, 20, 20 + 5 * candle)).toISOString();
    await corro.ok('replay', CRASH, '--to', to, '--quiet');
    const [asked] = await corro.json<Escalation[]>('escalations', '--open');
    if (asked !== undefined) return asked;
  }
  throw new Error('the crash must ask a question');
}

let temporal: Connection;

beforeAll(async () => {
  makeHome(home);
  writeFileSync(join(home.secrets, 'paper'), `${PAPER}\n`, { mode: 0o600 });
  await corro.ok('up');
  const outsider = await connect({ servers: corro.state.addresses.natsFeedUrl });
  outsider.subscribe('corro.feed.>', {
    callback: (_error, message) => void heard.push(Buffer.from(message.data)),
  });
  await outsider.flush();
  seal(`{"apiKey": "${SEALED[0]}", "secret": "${SEALED[0]}"}`);
  seal(SEALED[1] ?? '', '--user', 'trader');
  await corro.ok('users', 'set', 'trader', '--rules', '{"alwaysAsk": true}');
  const asked = await nextQuestion();
  temporal = await Connection.connect({ address: corro.state.addresses.temporalAddress });
  const handle = new Client({ connection: temporal }).workflow.getHandle(asked.workflowId);
  const pem = readFileSync(join(home.secrets, 'keys/trader.pem'), 'utf8');
  const question = asked.question as unknown as EscalationInput;
  const yes = signAnswer(pem, question, { verb: 'approve' });
  const forged = { ...yes, verb: 'reject' };
  await handle.executeUpdate(answerUpdate, { args: [forged] });
  await handle.executeUpdate(answerUpdate, { args: [yes] });
  await outsider.flush();
  await outsider.close();
  needles = everySecret();
  await run('secrets', 'rotate');
  await run('keys', 'new', 'trader');
  const after = everySecret();
  needles = [...needles, ...after.filter(({ name }) => !needles.some((one) => one.name === name))];
  const [user] = await corro.sql<{ id: string }>('select id from users');
  const { secret } = paperKeys(PAPER, user?.id ?? '');
  needles = [...needles, needle('the paper account', secret)];
}, 900_000);

afterAll(async () => {
  await temporal?.close();
  await corro.close();
});

describe('canaries', () => {
  test('every kind of secret is looked for', () => {
    const names = needles.map(({ name }) => name).join(' ');
    for (const kind of ['paper', 'postgres', 'nats-', 'master-', 'keys/trader.pem', 'sealed 1']) {
      expect(names).toContain(kind);
    }
    for (const { name, forms } of needles) {
      expect(Math.min(...forms.map((form) => form.length)), name).toBeGreaterThanOrEqual(15);
      expect(secretsIn(Buffer.concat([Buffer.from('…'), ...forms.slice(0, 1)]))).toContain(name);
    }
  });

  test('what the commands print', async () => {
    await run('status', '--json');
    await run('status');
    await run('doctor', '--json');
    await run('doctor');
    for (const list of ['keys', 'secrets', 'users', 'escalations', 'decisions', 'debates']) {
      expect(await run(list, '--json'), list).not.toBe('');
    }
    expect(said.join('\n')).toContain(SYMBOL);
    expect(secretsIn(Buffer.from(said.join('\n')))).toEqual([]);
  }, 600_000);

  test('every table', async () => {
    const tables = await corro.sql<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const rows = await corro.sql<{ row: string }>(`select t::text as row from ${name} t`);
      const text = rows.map(({ row }) => row).join('\n');
      texts.push(text);
      expect(secretsIn(Buffer.from(text)), name).toEqual([]);
    }
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['public.secrets', 'public.user_keys', 'public.audit']),
    );
    expect(texts.join('\n')).toContain(SYMBOL);
  }, 600_000);

  test('every workflow’s history', async () => {
    const client = new Client({ connection: temporal });
    const read = async (): Promise<string> => {
      let seen = '';
      for await (const { workflowId, runId } of client.workflow.list()) {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        const bytes = bytesIn(history);
        expect(secretsIn(bytes), workflowId).toEqual([]);
        seen += `${workflowId} ${bytes.includes(SYMBOL)}\n`;
      }
      return seen;
    };
    // Lists lag behind what happened.
    const within = { timeout: 120_000, interval: 1_000 };
    await expect.poll(read, within).toMatch(/:guard:.* true/);
    const seen = await read();
    for (const kind of ['debate', 'escalation', 'order', 'guard']) {
      expect(seen).toMatch(new RegExp(`:${kind}:.* true`));
    }
  }, 600_000);

  test('every message of every stream, and every feed', async () => {
    const bus = await connectBus({ url: corro.state.addresses.natsUrl, name: 'canary test' });
    const { MAIL, DEBATE, ANCHOR, ...others } = wire().streams;
    const read = async (stream: string): Promise<number> => {
      const { state } = await bus.manager.streams.info(stream);
      let count = 0;
      // A stream that was never written to begins at 0, which is no message.
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const message = await bus.manager.streams.getMessage(stream, { seq });
        if (message === null) continue;
        count += 1;
        const bytes = Buffer.concat([Buffer.from(message.subject), Buffer.from(message.data)]);
        expect(secretsIn(bytes), message.subject).toEqual([]);
      }
      return count;
    };
    for (const stream of [MAIL, DEBATE]) expect(await read(stream), stream).toBeGreaterThan(10);
    // Heads of chains are published once a minute.
    const within = { timeout: 240_000, interval: 1_000 };
    await expect.poll(() => read(ANCHOR), within).toBeGreaterThan(0);
    for (const stream of Object.values(others)) await read(stream);
    await bus.close();
    const feeds = Buffer.concat(heard);
    expect(feeds.toString()).toContain(SYMBOL);
    expect(secretsIn(feeds)).toEqual([]);
  }, 600_000);

  test('every file of the home but the secrets and the state, as bytes', () => {
    const data = existsSync(home.postgres) ? home.postgres : outsideData(home);
    const places = [home.logs, home.nats, home.temporal, home.paper, home.anchors, data];
    for (const folder of places) {
      const files = filesUnder(folder);
      expect(files.length, folder).toBeGreaterThan(0);
      for (const path of files) {
        expect(secretsIn(readFileSync(path)), relative(corro.home, path)).toEqual([]);
      }
    }
    const written = filesUnder(home.temporal).some((path) => readFileSync(path).includes(SYMBOL));
    expect(written).toBe(true);
  }, 600_000);
});
