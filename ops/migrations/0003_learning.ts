import { type Kysely, sql } from 'kysely';

/** What the ring learns by: what came of its questions, content by hash, models and who is
 * champion, what each foretold, and the runs of the learning loop. Conventions: 0001. */
const UP = `
-- What came of one motion: the same for everybody who spoke about it. Written once, by event time.
create table outcomes (
  event_id hash primary key references motions,
  venue text not null,
  symbol text not null,
  timeframe text not null,
  close_time timestamptz not null,
  terms jsonb not null,
  label text not null check (label in ('BUY', 'SELL', 'HOLD')),
  reached text not null check (reached in ('target', 'stop', 'time')),
  ambiguous boolean not null,
  entry_price positive_amount not null,
  exit_price positive_amount not null,
  candles integer not null check (candles > 0),
  settled_at timestamptz not null check (settled_at > close_time),
  recorded_at timestamptz not null default now()
);
create index outcomes_market on outcomes (venue, symbol, timeframe, close_time);
create index outcomes_time on outcomes (close_time, event_id);
create index outcomes_settled on outcomes (settled_at);

alter table weights
  -- Outcomes settled until this market time have been counted; null: none.
  add column learned_to timestamptz,
  -- Scores the weights follow from.
  add column evidence jsonb not null default '{}',
  add column content_hash hash;

-- Matrices, models and answers out of sample, by the sha256 of their bytes.
create table blobs (
  hash hash primary key,
  kind text not null check (kind in ('matrix', 'model', 'validation')),
  bytes bytea not null check (octet_length(bytes) between 1 and 536870912),
  recorded_at timestamptz not null default now()
);

create table models (
  hash hash primary key references blobs,
  venue text not null,
  symbol text not null,
  timeframe text not null,
  parent hash references models,
  state text not null
    check (state in ('candidate', 'shadow', 'champion', 'retired', 'rejected')),
  card jsonb not null,
  feature_hash hash not null,
  matrix_hash hash not null references blobs,
  validation_hash hash references blobs,
  run_id hash not null,
  data_from timestamptz not null,
  data_to timestamptz not null check (data_to > data_from),
  metrics jsonb not null,
  recorded_at timestamptz not null default now(),
  unique (hash, venue, symbol, timeframe)
);
create index models_market on models (venue, symbol, timeframe, state);
create unique index models_one_champion on models (venue, symbol, timeframe)
  where state = 'champion';

-- The row that a promotion compares and sets: its epoch rises with every change.
create table champions (
  venue text not null,
  symbol text not null,
  timeframe text not null,
  model_hash hash,
  epoch bigint not null check (epoch > 0),
  -- What drift has left of its vote.
  worth_bp basis_points not null default 10000,
  changed_at timestamptz not null default now(),
  primary key (venue, symbol, timeframe),
  foreign key (model_hash, venue, symbol, timeframe)
    references models (hash, venue, symbol, timeframe)
);

create table model_changes (
  seq bigint generated always as identity primary key,
  model_hash hash not null references models,
  from_state text,
  to_state text not null,
  reason text not null,
  evidence jsonb not null,
  changed_by text not null,
  recorded_at timestamptz not null default now()
);
create index model_changes_model on model_changes (model_hash, seq);

-- What a model foretold of a motion: the champion's stands in the snapshot too, a challenger's
-- here alone.
create table predictions (
  event_id hash not null references motions,
  model_hash hash not null references models,
  part text not null check (part in ('champion', 'challenger')),
  answer jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (event_id, model_hash)
);
create index predictions_model on predictions (model_hash);

create table drift (
  model_hash hash not null references models,
  measured_to timestamptz not null,
  level text not null check (level in ('none', 'warned', 'discounted')),
  worth_bp basis_points not null,
  figures jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (model_hash, measured_to)
);

create table learning_runs (
  id hash primary key,
  workflow_id text not null,
  venue text not null,
  symbol text not null,
  timeframe text not null,
  cadence text not null check (cadence in ('daily', 'weekly', 'monthly', 'demand')),
  market_time timestamptz not null,
  status text not null check (status in ('running', 'done', 'failed', 'cancelled')),
  weights_version integer references weights,
  model_hash hash references models,
  verdict text check (verdict in ('promoted', 'shadow', 'rejected', 'untrained')),
  -- One line for a reader: why this verdict, or what it failed of.
  why text not null default '',
  insights jsonb,
  insights_markdown text,
  recorded_at timestamptz not null default now(),
  ended_at timestamptz,
  check ((status = 'running') = (ended_at is null))
);
create index learning_runs_market on learning_runs (venue, symbol, timeframe, market_time);
-- Two runs of one market never overlap, whoever started them.
create unique index learning_runs_one_running on learning_runs (venue, symbol, timeframe)
  where status = 'running';
`;

const APPEND_ONLY = ['outcomes', 'blobs', 'model_changes', 'predictions', 'drift'];

const TABLES = [
  'learning_runs',
  'drift',
  'predictions',
  'model_changes',
  'champions',
  'models',
  'blobs',
  'outcomes',
];

export async function up(db: Kysely<never>): Promise<void> {
  await sql.raw(UP).execute(db);
  for (const table of APPEND_ONLY) {
    await sql
      .raw(`create trigger append_only before update or delete or truncate on ${table}
        for each statement execute function append_only()`)
      .execute(db);
  }
}

export async function down(db: Kysely<never>): Promise<void> {
  for (const table of TABLES) await sql.raw(`drop table ${table}`).execute(db);
  await sql
    .raw(`alter table weights
      drop column learned_to, drop column evidence, drop column content_hash`)
    .execute(db);
}
