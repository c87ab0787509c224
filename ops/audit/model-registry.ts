import { digest } from './canonical.ts';
import type { Context } from './context.ts';
import type { Tally } from './finding.ts';
import { seatsFollow } from './model-seats.ts';

/** The registry's part of 18: what foretold something is registered, its bytes are its hash, and
 * its state is what its recorded steps make. Written from `docs/models.md` alone. */
export async function registryHolds(context: Context, tally: Tally): Promise<void> {
  const before = tally.count;
  await contentIsItsHash(context, tally);
  await cardsAgree(context, tally);
  await statesFollow(context, tally);
  await seatsFollow(context, tally);
  await forecastersKnown(context, tally);
  const { memory, db } = context;
  if (tally.count === before) memory.modelsMs = db.takenAtMs - OVERLAP_MS;
}

/** Longer than any transaction: rows that were not visible the last time. */
const OVERLAP_MS = 600_000;

/** Every content once; what may be served or was registered as a model, each time. */
async function contentIsItsHash({ db, memory }: Context, tally: Tally): Promise<void> {
  const contents = await db.rows<{
    id: string;
    found: string;
    kind: string;
    wanted: string | null;
  }>(
    `select b.hash as id, encode(sha256(b.bytes), 'hex') as found, b.kind, named.kind as wanted
     from blobs b left join (
       select hash, 'model' as kind from models
       union select matrix_hash, 'matrix' from models
       union select validation_hash, 'validation' from models) named using (hash)
     where b.recorded_at >= to_timestamp($1::float8 / 1000)
       or b.hash in (select hash from models where state in ('champion', 'shadow'))`,
    [memory.modelsMs],
  );
  tally.database += contents.length;
  for (const { id, found, kind, wanted } of contents) {
    if (found !== id) tally.violate(id, `its bytes have sha256 ${found}`);
    if (wanted !== null && wanted !== kind) {
      tally.violate(id, `is kept as a ${kind}, registered as a ${wanted}`);
    }
  }
}

async function cardsAgree({ db }: Context, tally: Tally): Promise<void> {
  const ms = (column: string): string => `((extract(epoch from ${column}) * 1000)::bigint)::text`;
  const pairs = [
    ['feature_hash', `card #>> '{features,hash}'`],
    ['matrix_hash', `card #>> '{data,hash}'`],
    ['timeframe', `card #>> '{data,timeframe}'`],
    ['run_id', `card ->> 'runId'`],
    [ms('data_from'), `card #>> '{data,fromMs}'`],
    [ms('data_to'), `card #>> '{data,toMs}'`],
  ] as const;
  const wrong = await db.rows<{ id: string; row: string; card: string | null }>(
    pairs
      .map(
        ([row, card]) =>
          `select hash as id, ${row} as row, ${card} as card from models
           where ${row} is distinct from ${card}`,
      )
      .join(' union all '),
  );
  for (const { id, row, card } of wrong) {
    tally.violate(id, `is registered with ${row}, its card says ${card ?? 'nothing'}`);
  }
}

/** From where to where a model may go; from `` when it is entered. */
const WAYS: ReadonlySet<string> = new Set([
  ' candidate',
  'candidate shadow',
  'candidate champion',
  'candidate rejected',
  'shadow champion',
  'shadow rejected',
  'champion retired',
  'retired champion',
]);

interface Change {
  readonly id: string;
  readonly seq: string;
  readonly was: string | null;
  readonly became: string;
  readonly evidence: unknown;
  /** What the audit's record has of the evidence. */
  readonly recorded: string | null;
}

async function statesFollow({ db }: Context, tally: Tally): Promise<void> {
  const changes = await db.rows<Change>(
    `select c.model_hash as id, c.seq, c.from_state as was, c.to_state as became, c.evidence,
       a.body ->> 'evidence' as recorded
     from model_changes c left join audit a on a.act = 'model-changed'
       and a.reference = c.model_hash and a.body ->> 'change' = c.seq::text
     order by c.seq`,
  );
  const states = new Map<string, string>();
  for (const { id, seq, was, became, evidence, recorded } of changes) {
    const now = states.get(id) ?? null;
    if (was !== now) tally.violate(id, `changed from ${was ?? 'nothing'}, was ${now ?? 'nothing'}`);
    if (!WAYS.has(`${was ?? ''} ${became}`)) {
      tally.violate(id, `went from ${was ?? 'nothing'} to ${became}`);
    }
    if (recorded !== null && digest(evidence) !== recorded) {
      tally.violate(id, `change ${seq} rests on something else than was recorded`);
    }
    states.set(id, became);
  }
  const models = await db.rows<{ id: string; state: string }>(
    'select hash as id, state from models',
  );
  tally.database += changes.length + models.length;
  for (const { id, state } of models) {
    const last = states.get(id) ?? 'nothing';
    if (state !== last) tally.violate(id, `is ${state}, its last change made it ${last}`);
  }
}

/** Whoever foretold something in a snapshot was champion of that market by then. */
async function forecastersKnown({ db, memory, bounds }: Context, tally: Tally): Promise<void> {
  const since = [memory.modelsMs, bounds.clockMs];
  tally.database += await db.count(
    `select count(*) from motions where snapshot -> 'forecast' is not null
       and recorded_at >= to_timestamp($1::float8 / 1000)`,
    [memory.modelsMs],
  );
  const strangers = await db.rows<{ id: string; model: string | null; fault: string }>(
    `select m.event_id as id, m.model, case
         when r.hash is null then 'is not in the registry'
         when (r.venue, r.symbol, r.timeframe) is distinct from (m.venue, m.symbol, m.timeframe)
           then 'is of another market'
         when r.state = 'rejected' then 'was rejected'
         else 'was not its champion' end as fault
     from (select event_id, venue, symbol, timeframe, recorded_at,
         snapshot -> 'forecast' ->> 'model' as model from motions
       where jsonb_typeof(snapshot -> 'forecast') <> 'null'
         and recorded_at >= to_timestamp($1::float8 / 1000)) m
     left join models r on r.hash = m.model
     where r.hash is null or r.state = 'rejected'
       or (r.venue, r.symbol, r.timeframe) is distinct from (m.venue, m.symbol, m.timeframe)
       or not exists (select from model_changes c where c.model_hash = r.hash
         and c.to_state = 'champion'
         and c.recorded_at <= m.recorded_at + make_interval(secs => $2::float8 / 1000))`,
    since,
  );
  for (const { id, model, fault } of strangers) {
    tally.violate(id, `its forecast is of ${model ?? 'no model'}, which ${fault}`);
  }
  const confused = await db.rows<{ id: string; model: string; said: string | null }>(
    `select event_id as id, model_hash as model, answer ->> 'model' as said from predictions
     where answer ->> 'model' is distinct from model_hash
       and recorded_at >= to_timestamp($1::float8 / 1000)`,
    [memory.modelsMs],
  );
  for (const { id, model, said } of confused) {
    tally.violate(id, `what ${model} foretold is signed by ${said ?? 'nobody'}`);
  }
}
