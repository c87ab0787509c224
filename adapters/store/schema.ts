// Generated from a migrated database by
// `node ops/migrations/schema.ts <postgres url>`.
// Not edited by hand; tests/store-schema.test.ts compares it with the database.

import type { ColumnType } from 'kysely';
import type { Jsonb } from './json.ts';

export type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U>
    ? ColumnType<S, I | undefined, U>
    : ColumnType<T, T | undefined, T>;

export type Int8 = ColumnType<string, bigint | number | string, bigint | number | string>;

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export interface Approvals {
  expires_at: Timestamp;
  id: string;
  leg_id: string;
  limits: Jsonb;
  parameter_hash: string;
  recorded_at: Generated<Timestamp>;
  used_at: Timestamp | null;
}

export interface Audit {
  act: string;
  body: Jsonb;
  hash: string;
  partition: string;
  prev_hash: string;
  recorded_at: Generated<Timestamp>;
  reference: string;
  seq: Int8;
}

export interface AuditHeads {
  hash: string;
  partition: string;
  seq: Int8;
}

export interface Blobs {
  bytes: Buffer;
  hash: string;
  kind: string;
  recorded_at: Generated<Timestamp>;
}

export interface Candles {
  close: string;
  close_time: Timestamp;
  high: string;
  low: string;
  open: string;
  open_time: Timestamp;
  symbol: string;
  timeframe: string;
  venue: string;
  volume: string;
}

export interface Champions {
  changed_at: Generated<Timestamp>;
  epoch: Int8;
  model_hash: string | null;
  symbol: string;
  timeframe: string;
  venue: string;
  worth_bp: Generated<number>;
}

export interface Debates {
  close_time: Timestamp;
  contested: Generated<boolean>;
  decided_at: Timestamp | null;
  id: string;
  recorded_at: Generated<Timestamp>;
  rounds: Generated<number>;
  status: string;
  timeframe: string;
  workflow_id: string;
}

export interface Decisions {
  action: string;
  arms: Jsonb;
  close_time: Timestamp;
  confidence_bp: number;
  config_version: number;
  consensus_reached: boolean;
  debate_id: string;
  event_id: string;
  hash: string;
  id: string;
  prev_hash: string;
  reasoning: Jsonb;
  recorded_at: Generated<Timestamp>;
  rules_version: number;
  seq: Generated<Int8>;
  silent: Jsonb;
  snapshot_hash: string;
  symbol: string;
  user_id: string;
  verdict: string;
  votes: Jsonb;
  weights_version: number;
}

export interface Drift {
  figures: Jsonb;
  level: string;
  measured_to: Timestamp;
  model_hash: string;
  recorded_at: Generated<Timestamp>;
  worth_bp: number;
}

export interface EscalationAnswers {
  ask: number;
  escalation_id: string;
  expires_at: Timestamp | null;
  id: string;
  key_id: string | null;
  nonce: string | null;
  outcome: string;
  parameter_hash: string | null;
  parameters: Jsonb;
  reason: string;
  recorded_at: Generated<Timestamp>;
  signature: string | null;
  verb: string;
}

export interface Escalations {
  asked_close_time: Timestamp;
  asks: Generated<number>;
  closed_at: Timestamp | null;
  deadline: Timestamp;
  decision_id: string;
  expires_at: Timestamp | null;
  id: string;
  nonce: string | null;
  parameter_hash: string | null;
  question: Jsonb;
  recorded_at: Generated<Timestamp>;
  status: string;
  symbol: string;
  user_id: string;
  workflow_id: string;
}

export interface Fills {
  account: string;
  client_order_id: string;
  fee: string;
  fee_asset: string;
  market_time: Timestamp;
  price: string;
  quantity: string;
  recorded_at: Generated<Timestamp>;
  side: string;
  symbol: string;
  trade_id: string;
  transaction_id: string;
  user_id: string;
  venue: string;
}

export interface Guards {
  close_reason: string | null;
  closed_at: Timestamp | null;
  cooldown_until: Timestamp | null;
  market_time: Timestamp;
  plan_id: string;
  recorded_at: Generated<Timestamp>;
  state: Jsonb;
  status: string;
  stop_order: string | null;
  symbol: string;
  user_id: string;
  venue: string;
  workflow_id: string;
}

export interface Halts {
  automatic: boolean;
  id: string;
  level: string;
  lift_reason: string | null;
  lifted_at: Timestamp | null;
  lifted_by: string | null;
  lifts_when: string;
  name: string;
  placed_at: Generated<Timestamp>;
  placed_by: string;
  reason: string;
  symbol: string | null;
  user_id: string | null;
}

export interface Instruments {
  base: string;
  lot_size: string;
  min_notional: string;
  quote: string;
  symbol: string;
  tick_size: string;
  venue: string;
}

export interface Intents {
  decision_id: string | null;
  estimated_price: string | null;
  leg: number;
  leg_id: string;
  limit_price: string | null;
  market_time: Timestamp;
  parameter_hash: string;
  plan_id: string | null;
  purpose: string;
  quantity: string;
  recorded_at: Generated<Timestamp>;
  reference_price: string;
  side: string;
  stop_price: string | null;
  symbol: string;
  time_in_force: string | null;
  type: string;
  user_id: string;
  venue: string;
}

export interface LearningRuns {
  cadence: string;
  ended_at: Timestamp | null;
  id: string;
  insights: Jsonb | null;
  insights_markdown: string | null;
  market_time: Timestamp;
  model_hash: string | null;
  recorded_at: Generated<Timestamp>;
  status: string;
  symbol: string;
  timeframe: string;
  venue: string;
  verdict: string | null;
  weights_version: number | null;
  why: Generated<string>;
  workflow_id: string;
}

export interface Leases {
  epoch: Int8;
  expires_at: Timestamp;
  holder: string;
  name: string;
}

export interface LedgerEntries {
  account: string;
  amount: string;
  asset: string;
  transaction_id: string;
}

export interface LedgerTransactions {
  id: string;
  kind: string;
  market_time: Timestamp;
  recorded_at: Generated<Timestamp>;
  reference: string;
  user_id: string;
  venue: string;
}

export interface ModelChanges {
  changed_by: string;
  evidence: Jsonb;
  from_state: string | null;
  model_hash: string;
  reason: string;
  recorded_at: Generated<Timestamp>;
  seq: Generated<Int8>;
  to_state: string;
}

export interface Models {
  card: Jsonb;
  data_from: Timestamp;
  data_to: Timestamp;
  feature_hash: string;
  hash: string;
  matrix_hash: string;
  metrics: Jsonb;
  parent: string | null;
  recorded_at: Generated<Timestamp>;
  run_id: string;
  state: string;
  symbol: string;
  timeframe: string;
  validation_hash: string | null;
  venue: string;
}

export interface Motions {
  close_time: Timestamp;
  debate_id: string;
  detector_version: number;
  event_id: string;
  recorded_at: Generated<Timestamp>;
  snapshot: Jsonb;
  snapshot_hash: string;
  started_at: Timestamp | null;
  symbol: string;
  timeframe: string;
  trigger: string;
  venue: string;
}

export interface Orders {
  attempt: number;
  client_order_id: string;
  epoch: Int8;
  executed_quantity: Generated<string>;
  leg_id: string;
  recorded_at: Generated<Timestamp>;
  reject_code: string | null;
  signed_at: Timestamp | null;
  state: string;
  symbol: string;
  updated_at: Generated<Timestamp>;
  venue: string;
  venue_order_id: string | null;
}

export interface Outcomes {
  ambiguous: boolean;
  candles: number;
  close_time: Timestamp;
  entry_price: string;
  event_id: string;
  exit_price: string;
  label: string;
  reached: string;
  recorded_at: Generated<Timestamp>;
  settled_at: Timestamp;
  symbol: string;
  terms: Jsonb;
  timeframe: string;
  venue: string;
}

export interface Plans {
  body: Jsonb;
  id: string;
  kind: string;
  market_time: Timestamp;
  recorded_at: Generated<Timestamp>;
  reference: string;
  symbol: string | null;
  user_id: string;
  venue: string;
}

export interface Portfolio {
  available_balance: string;
  locked_balance: string;
  market_time: Timestamp;
  peak_balance: string;
  quote: string;
  total_balance: string;
  user_id: string;
  venue: string;
}

export interface Positions {
  current_price: string;
  entry_price: string;
  market_time: Timestamp;
  quantity: string;
  realised_pnl: Generated<string>;
  side: Generated<string>;
  symbol: string;
  user_id: string;
  venue: string;
}

export interface Predictions {
  answer: Jsonb;
  event_id: string;
  model_hash: string;
  part: string;
  recorded_at: Generated<Timestamp>;
}

export interface Secrets {
  envelope: Jsonb;
  id: Generated<string>;
  master_key: string;
  name: string;
  recorded_at: Generated<Timestamp>;
  user_id: string | null;
  version: number;
}

export interface UserConfig {
  assistant_weights: Jsonb;
  created_at: Generated<Timestamp>;
  custom_rules: Jsonb;
  id: Generated<string>;
  risk_limits: Jsonb;
  user_id: string;
  version: number;
}

export interface UserKeys {
  id: string;
  label: string;
  public_key: string;
  recorded_at: Generated<Timestamp>;
  revoked_at: Timestamp | null;
  user_id: string;
}

export interface Users {
  created_at: Generated<Timestamp>;
  email: string;
  id: Generated<string>;
  is_active: Generated<boolean>;
  username: string;
}

export interface Utterances {
  content: Jsonb | null;
  content_hash: string;
  debate_id: string;
  event_id: string;
  kind: string;
  message_id: string;
  recorded_at: Generated<Timestamp>;
  role: string;
  round: number;
  symbol: string;
}

export interface Weights {
  content_hash: string | null;
  evidence: Generated<Jsonb>;
  learned_to: Timestamp | null;
  reason: string;
  recorded_at: Generated<Timestamp>;
  regime_weights: Jsonb;
  version: number;
}

export interface Database {
  approvals: Approvals;
  audit: Audit;
  audit_heads: AuditHeads;
  blobs: Blobs;
  candles: Candles;
  champions: Champions;
  debates: Debates;
  decisions: Decisions;
  drift: Drift;
  escalation_answers: EscalationAnswers;
  escalations: Escalations;
  fills: Fills;
  guards: Guards;
  halts: Halts;
  instruments: Instruments;
  intents: Intents;
  learning_runs: LearningRuns;
  leases: Leases;
  ledger_entries: LedgerEntries;
  ledger_transactions: LedgerTransactions;
  model_changes: ModelChanges;
  models: Models;
  motions: Motions;
  orders: Orders;
  outcomes: Outcomes;
  plans: Plans;
  portfolio: Portfolio;
  positions: Positions;
  predictions: Predictions;
  secrets: Secrets;
  user_config: UserConfig;
  user_keys: UserKeys;
  users: Users;
  utterances: Utterances;
  weights: Weights;
}
