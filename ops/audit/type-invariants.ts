import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';
import { inexactIn } from './records.ts';

/** 14: money is never a float. */
export const TYPE_INVARIANTS: readonly Invariant[] = [
  {
    number: 14,
    says: 'Money is never a float: bounded decimal columns, zoned times, strings in JSON.',
    unchecked:
      'what is on the wire but in no table; observations of the market (candles in snapshots, ' +
      'evidence) are numbers on purpose',
    check: moneyIsExact,
  },
];

/** JSON columns, beside the audit's records and the limits of approvals, in which every number is a
 * count, and money is text. */
const PAYLOADS: readonly (readonly [table: string, column: string, id: string])[] = [
  ['escalations', 'question', 'id'],
  ['escalation_answers', 'parameters', 'id'],
  ['plans', 'body', 'id'],
  ['user_config', 'risk_limits', `user_id || ' ' || version`],
];

/** A fraction that is no string, or a number under a name of money. The text is read first: reading
 * the path of every record would take longer than everything else. */
const SUSPECT = [
  String.raw`: -?\d+[.eE]`,
  String.raw`[\[,] -?\d+\.`,
  '"[a-zA-Z]*(uantity|rice|mount|[fF]ee|otional|alance|quity|ash|eserved|Quote)": -?[0-9]',
].join('|');
const FRACTION = '$.**?(@.type() == "number" && @ != @.floor())';
const NAMED = `$.**?(@.type() == "object").keyvalue()?(@.value.type() == "number" && @.key
  like_regex "(quantity|price|amount|fee|notional|balance|equity|cash|reserved|quote)$" flag "i")`;

async function moneyIsExact({ db, venue, records }: Context, tally: Tally): Promise<void> {
  const columns = await db.rows<{ id: string; type: string; domain: string | null }>(
    `select c.table_name || '.' || c.column_name as id, c.data_type as type,
       c.domain_name as domain
     from information_schema.columns c
     join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
       and c.table_name not like 'kysely\\_%'`,
  );
  tally.database += columns.length;
  for (const { id, type, domain } of columns) {
    if (['real', 'double precision', 'money'].includes(type)) tally.violate(id, `is a ${type}`);
    if (type.startsWith('time') && type.endsWith('without time zone')) {
      tally.violate(id, 'is a time without a zone');
    }
    if (type === 'numeric' && domain === null) tally.violate(id, 'is an unbounded decimal');
  }
  const domains = await db.rows<{ id: string; bounds: string | null }>(
    `select t.typname as id, string_agg(pg_get_constraintdef(c.oid), ' ') as bounds
     from pg_type t left join pg_constraint c on c.contypid = t.oid
     where t.typtype = 'd' and t.typnamespace = 'public'::regnamespace
       and t.typbasetype in ('numeric'::regtype, (select oid from pg_type where typname = 'amount'))
     group by t.typname`,
  );
  const amount = domains.find(({ id }) => id === 'amount')?.bounds ?? '';
  if (!/NaN/.test(amount) || !/scale/.test(amount) || !/<.*<|>.*<|<.*>/s.test(amount)) {
    tally.violate('amount', 'the domain must refuse NaN, infinity and more than 18 decimals');
  }
  for (const [table, column, id] of PAYLOADS) {
    const wrong = await db.rows<{ id: string; found: string }>(
      `select ${id} as id, coalesce(jsonb_path_query_first(${column}, $2::jsonpath),
           jsonb_path_query_first(${column}, $3::jsonpath))::text as found
       from ${table} where ${column}::text ~ $1
         and (${column} @? $2::jsonpath or ${column} @? $3::jsonpath)`,
      [SUSPECT, FRACTION, NAMED],
    );
    for (const { id: row, found } of wrong) tally.violate(`${table} ${row}`, `holds ${found}`);
  }
  for (const { id, text } of (await records()).inexact) tally.violate(id, text);
  // A hundred thousand approvals were made under a handful of limits.
  const kinds = await db.rows<{ limits: unknown }>('select limits from approvals group by limits');
  for (const { limits } of kinds) {
    const found = inexactIn(limits);
    if (found === null) continue;
    const sql = 'select id from approvals where limits = $1::jsonb';
    const under = await db.rows<{ id: string }>(sql, [JSON.stringify(limits)]);
    for (const { id } of under) tally.violate(`approvals ${id}`, `holds ${found}`);
  }
  tally.venue += venue?.trades.length ?? 0;
  for (const { id, text } of venue?.faults.filter((one) => one.text.includes('decimal')) ?? []) {
    tally.violate(id, text);
  }
}
