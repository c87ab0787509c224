import { z } from 'zod';
import { KILL_POINTS, type KillPoint } from '../activities/orders-points.ts';

const ENTRY = z.tuple([z.string().regex(/^[a-z0-9]{1,20}$/), z.url()]);

function exchangeUrls(text: string, context: z.RefinementCtx): Readonly<Record<string, string>> {
  const entries = text.split(',').filter((entry) => entry.trim() !== '');
  const read = z.array(ENTRY).safeParse(entries.map((entry) => entry.trim().split('=')));
  if (read.success) return Object.fromEntries(read.data);
  context.addIssue({ code: 'custom', message: 'must be exchange=url, several by comma' });
  return z.NEVER;
}

const PASSWORD = z.tuple([z.string().regex(/^[a-z_-]{1,60}$/), z.string().min(1)]);

function passwords(text: string, context: z.RefinementCtx): Readonly<Record<string, string>> {
  const entries = text.split(',').filter((entry) => entry.trim() !== '');
  const read = z.array(PASSWORD).safeParse(entries.map((entry) => entry.trim().split('=')));
  if (read.success) return Object.fromEntries(read.data);
  // What is wrong is not repeated: it is made of passwords.
  context.addIssue({ code: 'custom', message: 'must be user=password, several by comma' });
  return z.NEVER;
}

const KILL_AT = /^([a-z-]+)(?::([1-9]\d{0,5}))?$/;

function killPoint(text: string, context: z.RefinementCtx): { point: KillPoint; pass: number } {
  const [, name, pass = '1'] = KILL_AT.exec(text) ?? [];
  const point = KILL_POINTS.find((known) => known === name);
  if (point !== undefined) return { point, pass: Number(pass) };
  const expected = `one of ${KILL_POINTS.join(', ')}, with :n for the n-th passing`;
  context.addIssue({ code: 'custom', message: `must be ${expected}` });
  return z.NEVER;
}

/** Everything a process is told by its environment. The workers are the only readers of it. */
const SETTINGS = z.object({
  CORRO_POSTGRES_URL: z.url(),
  CORRO_NATS_URL: z.string().min(1),
  CORRO_TEMPORAL_ADDRESS: z.string().regex(/^[^:\s]+:\d+$/),
  CORRO_TEMPORAL_NAMESPACE: z.string().default('default'),
  /** First token of every subject, stream, queue and workflow id: two rings can share one stack. */
  CORRO_NAMESPACE: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,19}$/)
    .default('corro'),
  /** 0: any free port. */
  CORRO_HEALTH_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  CORRO_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  CORRO_VENUE: z
    .string()
    .regex(/^[a-z0-9]{1,20}$/)
    .default('paper'),
  CORRO_PAPER_URL: z.url().optional(),
  /** Keys of paper accounts are derived from it; control calls carry it. */
  CORRO_PAPER_SECRET: z.string().min(16).optional(),
  CORRO_PAPER_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  /** Where the paper venue listens; in a container of its own: 0.0.0.0. */
  CORRO_PAPER_HOST: z.string().default('127.0.0.1'),
  CORRO_PAPER_DIR: z.string().optional(),
  /** Servers asked instead of exchanges, where there is no way to them:
   * `binance=https://…,kraken=…`. */
  CORRO_EXCHANGE_URLS: z.string().default('').transform(exchangeUrls),
  /** Keeps the workflows' bundle, so that a worker that was killed need not make it anew. */
  CORRO_BUNDLE_DIR: z.string().optional(),
  /** For trials of recovery alone: the order worker ends itself by SIGKILL when an order passes
   * this point for the n-th time, `<point>[:n]`. */
  CORRO_KILL_AT: z.string().transform(killPoint).optional(),
  /** The same, armed from outside while it runs: a file that holds the name of a point, which is
   * removed right before, so that whoever is started next lives. */
  CORRO_KILL_FILE: z.string().optional(),
  /** The venue gateway's fuse: orders of all accounts within any sixty seconds. */
  CORRO_ORDERS_PER_MINUTE: z.coerce.number().int().min(1).max(1_000_000).default(3_000),
  /** No new order is sent while the disk of this path has less than this free. */
  CORRO_DISK_PATH: z.string().min(1).default('.'),
  CORRO_MIN_FREE_MB: z.coerce.number().int().min(0).max(1_000_000).default(200),
  /** Opens the paper venue's log and nothing else; derived from its secret. */
  CORRO_PAPER_LOG_KEY: z.string().min(16).optional(),
  /** Seconds between two checks of the books. */
  CORRO_CHECK_SECONDS: z.coerce.number().min(1).max(3_600).default(60),
  /** Where the signed heads of the audit are kept: best on another disk than the database's. */
  CORRO_ANCHOR_DIR: z.string().optional(),
  /** File of the Ed25519 key (PEM) they are signed with; made when it is not there. */
  CORRO_ANCHOR_KEY: z.string().optional(),
  /** How long a training set waits for any trainer to take it. */
  CORRO_TRAINER_WAIT_SECONDS: z.coerce.number().int().min(1).max(86_400).default(240),
  /** Comma-separated roles an actor host runs; empty: all seven. */
  CORRO_ROLES: z.string().default(''),
  /** Passwords of the assistants' own users, `actor-auditor=…,actor-executor=…`; empty: the user of
   * CORRO_NATS_URL speaks for all of them, which only a server without users lets it do. */
  CORRO_NATS_ROLES: z.string().default('').transform(passwords),
});

export type Settings = z.infer<typeof SETTINGS>;

/** Reads and checks the environment. Throws one error that names every variable that is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const result = SETTINGS.safeParse(environment);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`settings are wrong:\n  ${faults.join('\n  ')}`);
}
