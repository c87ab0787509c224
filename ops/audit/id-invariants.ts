import { derivedId, digest } from './canonical.ts';
import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { registryHolds } from './model-registry.ts';

/** 17 and 18: ids and numbers follow from what is recorded. */
export const ID_INVARIANTS: readonly Invariant[] = [
  {
    number: 17,
    says: 'Ids re-derive from their recorded inputs.',
    unchecked:
      'message ids of mails (who heard what is not on record), ids of keys, of people and of halts',
    check: idsFollow,
  },
  {
    number: 18,
    says: 'Every number in an order comes from code; model hashes are in the registry.',
    unchecked:
      'the size itself (sizing’s inputs are not all on record), and what a model ' +
      'answered is not computed again; checked of prices and quantities: whole numbers ' +
      'of the venue’s steps, on the approved side of the reference price',
    check: numbersAndModels,
  },
];

/** SHA-256 of a text that is canonical JSON already. */
const hash = (text: string): string => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
const quoted = (column: string): string => `to_json(${column}::text)::text`;
const amount = (column: string): string =>
  `coalesce(to_json(trim_scale(${column})::text)::text, 'null')`;

interface Check {
  readonly table: string;
  /** A SELECT of `id`, `stored` and `derived`. */
  readonly sql: string;
  readonly what: string;
}

/** Set-based: the database hashes a table in the time it takes to send it. */
const CHECKS: readonly Check[] = [
  {
    table: 'motions',
    what: 'event id',
    sql: `select event_id as id, event_id as stored, ${hash(
      `'{"closeTimeMs":' || (extract(epoch from close_time) * 1000)::bigint ||
       ',"detectorVersion":' || detector_version || ',"id":"event","kind":' || ${quoted('trigger')}
       || ',"symbol":' || ${quoted('symbol')} || ',"timeframe":' || ${quoted('timeframe')}
       || ',"venue":' || ${quoted('venue')} || '}'`,
    )} as derived from motions`,
  },
  {
    table: 'decisions',
    what: 'decision id',
    sql: `select d.id, d.id as stored, ${hash(
      `'{"eventId":"' || d.event_id || '","id":"decision","username":' || ${quoted('u.username')}
       || '}'`,
    )} as derived from decisions d join users u on u.id = d.user_id`,
  },
  {
    table: 'escalations',
    what: 'escalation id',
    sql: `select id, id as stored, ${hash(
      `'{"decisionId":"' || decision_id || '","id":"escalation"}'`,
    )} as derived from escalations`,
  },
  {
    table: 'plans',
    what: 'plan id',
    sql: `select p.id, p.id as stored, ${hash(
      `'{"id":"plan","kind":' || ${quoted('p.kind')} || ',"reference":' || ${quoted('p.reference')}
       || ',"username":' || ${quoted('u.username')} || ',"venue":' || ${quoted('p.venue')} || '}'`,
    )} as derived from plans p join users u on u.id = p.user_id`,
  },
  {
    table: 'intents',
    what: 'leg id',
    sql: `select i.leg_id as id, i.leg_id as stored, ${hash(
      `'{"causeId":"' || coalesce(i.decision_id, i.plan_id) || '","id":"leg","leg":' || i.leg
       || ',"username":' || ${quoted('u.username')} || '}'`,
    )} as derived from intents i join users u on u.id = i.user_id`,
  },
  {
    table: 'intents',
    what: 'parameter hash',
    sql: `select leg_id as id, parameter_hash as stored, ${hash(
      `'{"id":"parameters","limitPrice":' || ${amount('limit_price')} || ',"quantity":' ||
       ${amount('quantity')} || ',"side":' || ${quoted('side')} || ',"stopPrice":' ||
       ${amount('stop_price')} || ',"symbol":' || ${quoted('symbol')} || ',"timeInForce":' ||
       coalesce(${quoted('time_in_force')}, 'null') || ',"type":' || ${quoted('type')} ||
       ',"venue":' || ${quoted('venue')} || '}'`,
    )} as derived from intents`,
  },
  {
    table: 'approvals',
    what: 'approval id',
    sql: `select id, id as stored, ${hash(
      `'["approval","' || leg_id || '",' ||
       row_number() over (partition by leg_id order by recorded_at, used_at nulls last) || ',"' ||
       parameter_hash || '"]'`,
    )} as derived from approvals`,
  },
  {
    table: 'ledger_transactions',
    what: 'ledger id',
    sql: `select id, id as stored, ${hash(
      `'["ledger",' || ${quoted('kind')} || ',' || ${quoted('reference')} || ']'`,
    )} as derived from ledger_transactions`,
  },
];

async function idsFollow(context: Context, tally: Tally): Promise<void> {
  const { db, ours } = context;
  for (const { sql, what } of CHECKS) {
    const wrong = await db.rows<{ id: string; stored: string; derived: string }>(
      `select * from (${sql}) one where derived is distinct from stored`,
    );
    for (const { id, derived } of wrong) {
      tally.violate(id, `${what} must be ${derived}`);
    }
  }
  for (const table of new Set(CHECKS.map((check) => check.table))) {
    tally.database += await db.count(`select count(*) from ${table}`);
  }
  tally.database += ours.orders.size;
  await clientOrderIds(context, tally);
  await contents(context, tally);
}

async function clientOrderIds({ db }: Context, tally: Tally): Promise<void> {
  await db.stream<{ id: string; leg: string; attempt: number; hash: string }>(
    `select o.client_order_id as id, o.leg_id as leg, o.attempt, i.parameter_hash as hash
     from orders o join intents i using (leg_id)`,
    [],
    (rows) => {
      for (const { id, leg, attempt, hash: parameterHash } of rows) {
        const inputs = { legId: leg, attempt, parameterHash };
        const derived = `c${attempt}-${base32(derivedId('order', inputs))}`;
        if (derived !== id) tally.violate(id, `client order id must be ${derived}`);
      }
    },
  );
}

/** The first 160 bits of a hash, five at a time, in the digits 0-9 and a-v. */
function base32(hex: string): string {
  return Array.from({ length: 4 }, (_, at) =>
    Number.parseInt(hex.slice(at * 10, at * 10 + 10), 16)
      .toString(32)
      .padStart(8, '0'),
  ).join('');
}

/** Hashes over what is stored beside them: answers, snapshots, words. New ones since the last time
 * only, because the rows are append-only and the chain commits to the decisions that name them. */
async function contents({ db, memory }: Context, tally: Tally): Promise<void> {
  const answers = await db.rows<Readonly<Record<string, unknown>> & { readonly id: string }>(
    `select id, escalation_id as "escalationId", ask, verb, parameters from escalation_answers`,
  );
  tally.database += answers.length;
  for (const { id, ...inputs } of answers) {
    if (derivedId('answer', inputs) !== id) tally.violate(id, 'does not follow from the answer');
  }
  const judge = (what: string) => (rows: readonly Hashed[]) => {
    for (const { id, stored, content } of rows) {
      if (digest(content) !== stored) tally.violate(id, `${what} is not what its hash says`);
    }
  };
  const since = memory.contentsMs;
  tally.database += await db.stream<Hashed>(
    `select event_id as id, snapshot_hash as stored, snapshot as content from motions
     where recorded_at >= to_timestamp($1::float8 / 1000)`,
    [since],
    judge('its snapshot'),
  );
  tally.database += await db.stream<Hashed>(
    `select message_id as id, content_hash as stored, content from utterances
     where recorded_at >= to_timestamp($1::float8 / 1000)`,
    [since],
    judge('what was said'),
  );
  const weights = await db.rows<Hashed>(
    `select 'weights ' || version as id, content_hash as stored, regime_weights as content
     from weights where content_hash is not null`,
  );
  tally.database += weights.length;
  judge('what it says')(weights);
  if (tally.count === 0) memory.contentsMs = db.takenAtMs - CONTENTS_OVERLAP_MS;
}

/** Longer than any transaction: rows that were not visible the last time. */
const CONTENTS_OVERLAP_MS = 600_000;

interface Hashed {
  readonly id: string;
  readonly stored: string;
  readonly content: unknown;
}

async function numbersAndModels(context: Context, tally: Tally): Promise<void> {
  await numbersFit(context, tally);
  await registryHolds(context, tally);
}

async function numbersFit({ db, ours }: Context, tally: Tally): Promise<void> {
  tally.database += ours.orders.size;
  const wrong = await db.rows<{ id: string; fault: string }>(
    `select leg_id as id, case
         when n.symbol is null then 'trades a symbol the venue does not list'
         when i.quantity % n.lot_size <> 0 then 'quantity is off the lot'
         when i.limit_price % n.tick_size <> 0 or i.stop_price % n.tick_size <> 0
           then 'price is off the tick'
         else 'its price is further from the reference than its approval allows' end as fault
     from intents i
     left join instruments n on n.venue = i.venue and n.symbol = i.symbol
     left join (select leg_id, max((limits ->> 'maxSlippageBps')::numeric) as bps
       from approvals group by leg_id) a using (leg_id)
     where n.symbol is null or i.quantity % n.lot_size <> 0
       or i.limit_price % n.tick_size <> 0 or i.stop_price % n.tick_size <> 0
       or (i.stop_price is null and a.bps is not null and case i.side
         when 'BUY' then i.limit_price > i.reference_price * (1 + a.bps / 10000)
         else i.limit_price < i.reference_price * (1 - a.bps / 10000) end)`,
  );
  for (const { id, fault } of wrong) tally.violate(id, fault);
}
