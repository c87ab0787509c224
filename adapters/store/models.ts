import { type Kysely, sql } from 'kysely';
import type { Market } from '../../core/learning/contract.ts';
import type { ModelCard } from '../../core/models/contract.ts';
import type { ModelState } from '../../core/models/lifecycle.ts';
import { CorroError } from '../../proto/errors.ts';
import { fromJson, type JsonValue } from './json.ts';
import type { Database } from './schema.ts';
import { UnknownError } from './unknown.ts';

/** A registered model. Times are Unix milliseconds. */
export interface StoredModel extends Market {
  /** sha256 of the file; its bytes are among the blobs. */
  readonly hash: string;
  readonly state: ModelState;
  /** The model it was to be better than; `null`: there was none. */
  readonly parent: string | null;
  readonly card: ModelCard;
  readonly featureHash: string;
  readonly matrixHash: string;
  readonly validationHash: string | null;
  readonly runId: string;
  readonly dataFromMs: number;
  readonly dataToMs: number;
  /** What its training and its validation brought. */
  readonly metrics: JsonValue;
  readonly recordedAtMs: number;
}

/** One step of a model's life, as it was recorded. */
export interface ModelChange {
  readonly seq: number;
  /** `null`: it was registered. */
  readonly from: ModelState | null;
  readonly to: ModelState;
  readonly reason: string;
  /** What the step rests on. Of a promotion or a rollback it has `epoch`, the market's after it,
   * and `before`, the hash of the champion it took the place of, or `null`. */
  readonly evidence: Readonly<Record<string, JsonValue | undefined>>;
  /** A person, or a process. */
  readonly by: string;
  readonly recordedAtMs: number;
}

/** Who speaks for a market. */
export interface Champion {
  readonly hash: string | null;
  /** Rises with every change of the champion; 0: there never was one. */
  readonly epoch: number;
  /** What drift has left of its vote, basis points. */
  readonly worthBp: number;
}

export interface ModelFilter extends Partial<Market> {
  readonly state?: ModelState;
}

/** The registered model that a hash, or the beginning of one, means. Throws UnknownError that names
 * the newest ones, `usage` when several are meant. */
export async function readModel(db: Kysely<Database>, hashPrefix: string): Promise<StoredModel> {
  const rows = await models(db)
    .where(sql<boolean>`starts_with(hash, ${hashPrefix})`)
    .limit(MOST_NAMED)
    .execute();
  const [found, other] = rows;
  if (found === undefined) throw await unknownModel(db, hashPrefix);
  if (other === undefined) return modelOf(found);
  const some = rows.map((row) => row.hash.slice(0, 16)).join(', ');
  throw new CorroError('usage', `${hashPrefix} could be ${some}: say more of it`);
}

/** Registered models, newest first. */
export async function listModels(
  db: Kysely<Database>,
  filter: ModelFilter = {},
): Promise<readonly StoredModel[]> {
  let query = models(db);
  for (const column of ['venue', 'symbol', 'timeframe', 'state'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) query = query.where(column, '=', wanted);
  }
  return (await query.execute()).map(modelOf);
}

/** What became of a model, step by step. */
export async function changesOf(
  db: Kysely<Database>,
  hash: string,
): Promise<readonly ModelChange[]> {
  const rows = await db
    .selectFrom('model_changes')
    .selectAll()
    .where('model_hash', '=', hash)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({
    seq: Number(row.seq),
    from: row.from_state as ModelState | null,
    to: row.to_state as ModelState,
    reason: row.reason,
    evidence: fromJson<ModelChange['evidence']>(row.evidence),
    by: row.changed_by,
    recordedAtMs: row.recorded_at.getTime(),
  }));
}

/** Who speaks for a market now. */
export async function championOf(db: Kysely<Database>, market: Market): Promise<Champion> {
  const row = await db
    .selectFrom('champions')
    .select(['model_hash', 'epoch', 'worth_bp'])
    .where('venue', '=', market.venue)
    .where('symbol', '=', market.symbol)
    .where('timeframe', '=', market.timeframe)
    .executeTakeFirst();
  if (row === undefined) return { hash: null, epoch: 0, worthBp: WHOLE_WORTH_BP };
  return { hash: row.model_hash, epoch: Number(row.epoch), worthBp: row.worth_bp };
}

/** A market that has, or had, a champion. */
export interface ChampionSeat extends Market, Champion {
  readonly changedAtMs: number;
}

/** Every market that ever had a champion, by symbol. */
export async function listChampions(db: Kysely<Database>): Promise<readonly ChampionSeat[]> {
  const rows = await db
    .selectFrom('champions')
    .selectAll()
    .orderBy('symbol')
    .orderBy('timeframe')
    .orderBy('venue')
    .execute();
  return rows.map((row) => ({
    venue: row.venue,
    symbol: row.symbol,
    timeframe: row.timeframe,
    hash: row.model_hash,
    epoch: Number(row.epoch),
    worthBp: row.worth_bp,
    changedAtMs: row.changed_at.getTime(),
  }));
}

/** All of a vote: what every new champion begins with. */
export const WHOLE_WORTH_BP = 10_000;

/** How many challengers of a market are asked beside its champion, the newest first. */
export const MOST_CHALLENGERS = 4;

export interface ServedModels {
  readonly champion: { readonly hash: string; readonly worthBp: number } | null;
  /** Models in the shadow: what they say is recorded and counts for nothing. */
  readonly challengers: readonly string[];
}

/** Whom to ask about each symbol of one close, now; every symbol that was named is in it. */
export async function servedModels(
  db: Kysely<Database>,
  at: {
    readonly venue: string;
    readonly timeframe: string;
    readonly symbols: readonly string[];
  },
): Promise<ReadonlyMap<string, ServedModels>> {
  const { rows } = await sql<{
    readonly symbol: string;
    readonly champion: string | null;
    readonly worth: number | null;
    readonly challengers: readonly string[];
  }>`select asked.symbol, c.model_hash as champion, c.worth_bp as worth,
      array(select m.hash::text from models m
        where m.venue = ${at.venue} and m.symbol = asked.symbol
          and m.timeframe = ${at.timeframe} and m.state = 'shadow'
        order by m.recorded_at desc, m.hash limit ${MOST_CHALLENGERS}) as challengers
    from unnest(${[...at.symbols]}::text[]) as asked(symbol)
    left join champions c on c.venue = ${at.venue} and c.symbol = asked.symbol
      and c.timeframe = ${at.timeframe}`.execute(db);
  return new Map(
    rows.map(({ symbol, champion, worth, challengers }) => [
      symbol,
      {
        champion: champion === null ? null : { hash: champion, worthBp: worth ?? WHOLE_WORTH_BP },
        challengers,
      },
    ]),
  );
}

/** How many models were ever trained for a market: what a promotion is deflated for. */
export async function trialsOf(db: Kysely<Database>, market: Market): Promise<number> {
  const { count } = await db
    .selectFrom('models')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('venue', '=', market.venue)
    .where('symbol', '=', market.symbol)
    .where('timeframe', '=', market.timeframe)
    .executeTakeFirstOrThrow();
  return Number(count);
}

const MOST_NAMED = 5;

/** An error for a model that is not registered; it names the newest ones. */
export async function unknownModel(db: Kysely<Database>, asked: string): Promise<UnknownError> {
  const rows = await models(db).limit(MOST_NAMED).execute();
  return new UnknownError(
    'model',
    asked,
    rows.map((row) => row.hash.slice(0, 16)),
  );
}

function models(db: Kysely<Database>) {
  return db.selectFrom('models').selectAll().orderBy('recorded_at', 'desc').orderBy('hash');
}

type ModelRow = Awaited<ReturnType<ReturnType<typeof models>['execute']>>[number];

export function modelOf(row: ModelRow): StoredModel {
  return {
    hash: row.hash,
    venue: row.venue,
    symbol: row.symbol,
    timeframe: row.timeframe,
    state: row.state as ModelState,
    parent: row.parent,
    card: fromJson<ModelCard>(row.card),
    featureHash: row.feature_hash,
    matrixHash: row.matrix_hash,
    validationHash: row.validation_hash,
    runId: row.run_id,
    dataFromMs: row.data_from.getTime(),
    dataToMs: row.data_to.getTime(),
    metrics: row.metrics,
    recordedAtMs: row.recorded_at.getTime(),
  };
}
