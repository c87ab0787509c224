import { comparedWith } from './anchors.ts';
import type { Context, Invariant } from './context.ts';
import type { Tally } from './finding.ts';

/** 9: every act has its record, and the records are one unbroken chain. */
export const RECORD_INVARIANTS: readonly Invariant[] = [
  {
    number: 9,
    says: 'Every act has one audit record; the chain has no gap; its newest anchor is a prefix.',
    unchecked:
      'version 1 of the weights and single ballots have no record of their own (a decision’s ' +
      'record commits to its votes); signatures of anchors and all older anchors: --chain',
    check: recordsComplete,
  },
];

interface Kept {
  readonly what: string;
  /** A SELECT of `key`: what must be on record. */
  readonly rows: string;
  readonly acts: readonly string[];
  /** What of a record is the key. */
  readonly key: string;
}

const text = (column: string): string => `trim_scale(${column})::text`;

const KEPT: readonly Kept[] = [
  {
    what: 'decision',
    rows: `select id || ' ' || seq || ' ' || hash as key from decisions`,
    acts: ['decision'],
    key: `reference || ' ' || seq || ' ' || hash`,
  },
  {
    what: 'order',
    rows: `select client_order_id || ' ' || leg_id || ' ' || attempt as key from orders`,
    acts: ['order-prepared'],
    key: `reference || ' ' || (body ->> 'legId') || ' ' || (body ->> 'attempt')`,
  },
  {
    what: 'approval',
    rows: 'select id as key from approvals',
    acts: ['order-prepared'],
    key: `body ->> 'approvalId'`,
  },
  {
    what: 'fill',
    rows: `select client_order_id || ' ' || symbol || ' ' || trade_id || ' ' || ${text('quantity')}
      || ' ' || ${text('price')} || ' ' || ${text('fee')} as key from fills`,
    acts: ['fill', 'late-fill'],
    key: `reference || ' ' || (body ->> 'symbol') || ' ' || (body ->> 'tradeId') || ' ' ||
      (body ->> 'quantity') || ' ' || (body ->> 'price') || ' ' || (body ->> 'fee')`,
  },
  {
    what: 'deposit',
    rows: `select reference as key from ledger_transactions where kind = 'deposit'`,
    acts: ['deposit'],
    key: 'reference',
  },
  {
    what: 'plan',
    rows: 'select id as key from plans',
    acts: ['plan-recorded'],
    key: 'reference',
  },
  {
    what: 'guard',
    rows: 'select plan_id as key from guards',
    acts: ['guard-opened'],
    key: 'reference',
  },
  {
    what: 'closed guard',
    rows: `select plan_id as key from guards where status = 'closed'`,
    acts: ['guard-closed'],
    key: 'reference',
  },
  {
    what: 'halt',
    rows: `select id || ' ' || level as key from halts`,
    acts: ['halt-placed'],
    key: `reference || ' ' || (body ->> 'level')`,
  },
  {
    what: 'lifted halt',
    rows: 'select id as key from halts where lifted_at is not null',
    acts: ['halt-lifted'],
    key: 'reference',
  },
  {
    what: 'person',
    rows: 'select username as key from users',
    acts: ['user-added'],
    key: 'reference',
  },
  {
    what: 'key',
    rows: 'select id as key from user_keys',
    acts: ['key-added'],
    key: 'reference',
  },
  {
    what: 'revoked key',
    rows: 'select id as key from user_keys where revoked_at is not null',
    acts: ['key-revoked'],
    key: 'reference',
  },
  {
    what: 'configuration',
    rows: `select u.username || ':' || c.version as key
      from user_config c join users u on u.id = c.user_id`,
    acts: ['config-set'],
    key: 'reference',
  },
  {
    what: 'version of the weights',
    rows: `select 'weights:' || version || ' ' || coalesce(content_hash, '') as key
      from weights where version > 1`,
    acts: ['weights-set'],
    key: `reference || ' ' || (body ->> 'content')`,
  },
  {
    what: 'step of a model',
    rows: `select concat_ws(' ', model_hash, seq, from_state, to_state, changed_by, reason) as key
      from model_changes`,
    acts: ['model-changed'],
    key: `concat_ws(' ', reference, body ->> 'change', body ->> 'from', body ->> 'to',
      body ->> 'by', body ->> 'reason')`,
  },
  {
    what: 'change of a champion',
    rows: `select concat_ws(' ', venue, symbol, timeframe, each) as key
      from champions, generate_series(1, epoch) each`,
    acts: ['champion-set'],
    key: 'reference',
  },
  {
    what: 'question',
    rows: 'select id as key from escalations',
    acts: ['asked'],
    key: 'reference',
  },
  {
    what: 'closed question',
    rows: `select id || ' ' || status as key from escalations where status <> 'open'`,
    acts: ['closed'],
    key: `reference || ' ' || (body ->> 'status')`,
  },
  {
    what: 'answer',
    rows: `select escalation_id || ' ' || id || ' ' || outcome as key from escalation_answers`,
    acts: ['answered'],
    key: `reference || ' ' || (body ->> 'id') || ' ' || (body ->> 'outcome')`,
  },
];

async function recordsComplete(context: Context, tally: Tally): Promise<void> {
  const { db, anchors } = context;
  const { count, chains } = await context.records();
  tally.database += count;
  for (const kept of KEPT) {
    const wrong = await db.rows<{ key: string; extra: boolean; records: string | null }>(
      `select coalesce(k.key, a.key) as key, k.key is null as extra, a.records
       from (${kept.rows}) k full join (
         select ${kept.key} as key, count(*) as records from audit
         where act = any($1) group by 1) a on a.key = k.key
       where k.key is null or a.records is distinct from 1`,
      [kept.acts],
    );
    for (const { key, extra, records } of wrong) {
      const fault = extra ? 'is on record and not there' : `has ${records ?? 0} records, must be 1`;
      tally.violate(key ?? kept.what, `${kept.what} ${fault}`);
    }
  }
  for (const { partition, fault } of chains) {
    if (fault !== null) tally.violate(partition, `chain: ${fault}`);
  }
  for (const { id, text: fault } of await comparedWith(db, anchors)) tally.violate(id, fault);
}
