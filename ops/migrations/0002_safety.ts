import { type Kysely, sql } from 'kysely';

/** What keeps money safe: plans of legs that no decision asked for, guards, halts, keys of people,
 * sealed secrets. Conventions: 0001. */
const UP = `
create table plans (
  id hash primary key,
  kind text not null check (kind in ('guard', 'hedge', 'rebalance', 'flatten')),
  user_id uuid not null references users,
  venue text not null,
  symbol text,
  reference text not null,
  body jsonb not null,
  market_time timestamptz not null,
  recorded_at timestamptz not null default now(),
  unique (kind, user_id, venue, reference)
);

alter table intents
  alter column decision_id drop not null,
  add column plan_id hash references plans,
  add column purpose text,
  add column stop_price positive_amount,
  add column estimated_price positive_amount,
  drop constraint intents_type_check;
update intents set purpose = case side when 'BUY' then 'entry' else 'exit' end;
alter table intents
  alter column purpose set not null,
  add check (purpose in ('entry', 'exit', 'stop', 'target', 'hedge', 'rebalance', 'flatten')),
  add check (num_nonnulls(decision_id, plan_id) = 1),
  add check (type in ('LIMIT', 'MARKET', 'STOP_LOSS_LIMIT')),
  add check ((type = 'STOP_LOSS_LIMIT') = (stop_price is not null)),
  add unique (plan_id, user_id, leg);

-- Every order asks for its leg's approvals.
create index approvals_leg on approvals (leg_id);

create table guards (
  plan_id hash primary key references plans,
  user_id uuid not null references users,
  venue text not null,
  symbol text not null,
  workflow_id text not null unique,
  status text not null check (status in ('watching', 'closing', 'closed')),
  state jsonb not null,
  stop_order text references orders,
  market_time timestamptz not null,
  recorded_at timestamptz not null default now(),
  closed_at timestamptz,
  close_reason text,
  cooldown_until timestamptz,
  check ((status = 'closed') = (closed_at is not null))
);
create unique index guards_one_open on guards (user_id, venue, symbol) where status <> 'closed';

create table halts (
  id hash primary key,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
  level text not null check (level in ('pause', 'close-only', 'cancel', 'flatten')),
  user_id uuid references users,
  symbol text,
  reason text not null,
  automatic boolean not null,
  lifts_when text not null,
  placed_by text not null,
  placed_at timestamptz not null default clock_timestamp(),
  lifted_at timestamptz,
  lifted_by text,
  lift_reason text,
  check (num_nonnulls(lifted_at, lifted_by, lift_reason) in (0, 3))
);
create unique index halts_one_name on halts (name) where lifted_at is null;

create table user_keys (
  id hash primary key,
  user_id uuid not null references users,
  public_key text not null unique,
  label text not null,
  recorded_at timestamptz not null default now(),
  revoked_at timestamptz
);

alter table escalations
  add column nonce hash,
  add column parameter_hash hash,
  add column expires_at timestamptz;
alter table escalation_answers
  add column nonce text,
  add column parameter_hash text,
  add column expires_at timestamptz,
  add column key_id hash references user_keys,
  add column signature text;
create unique index escalation_answers_nonce on escalation_answers (nonce)
  where outcome = 'accepted';

create table secrets (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references users,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
  version integer not null check (version > 0),
  master_key text not null,
  envelope jsonb not null,
  recorded_at timestamptz not null default now(),
  unique nulls not distinct (user_id, name, version)
);
`;

const TABLES = ['secrets', 'user_keys', 'halts', 'guards', 'plans'];

export async function up(db: Kysely<never>): Promise<void> {
  await sql.raw(UP).execute(db);
  await sql
    .raw(`create trigger append_only before update or delete or truncate on plans
      for each statement execute function append_only()`)
    .execute(db);
}

export async function down(db: Kysely<never>): Promise<void> {
  await sql
    .raw(`
      alter table escalation_answers
        drop column nonce, drop column parameter_hash, drop column expires_at,
        drop column key_id, drop column signature;
      alter table escalations
        drop column nonce, drop column parameter_hash, drop column expires_at;
      drop index approvals_leg;
      delete from intents where plan_id is not null or type = 'STOP_LOSS_LIMIT';
      alter table intents
        drop column plan_id, drop column purpose, drop column stop_price,
        drop column estimated_price, drop constraint intents_type_check,
        alter column decision_id set not null,
        add constraint intents_type_check check (type in ('LIMIT', 'MARKET'));
    `)
    .execute(db);
  for (const table of TABLES) await sql.raw(`drop table ${table}`).execute(db);
}
