import type { Market } from '../core/learning/contract.ts';

/** One violation of what the registry promises, planted as a superuser. */
export interface PlantedModel {
  readonly name: string;
  readonly sql: (models: SoundModels) => string;
  /** The invariants it breaks, of those that are about models. */
  readonly breaks: readonly number[];
  readonly says: RegExp;
}

/** The registry as a sound run leaves it: hashes by what became of them. */
export interface SoundModels {
  readonly market: Market;
  readonly champion: string;
  readonly retired: string;
  readonly shadow: string;
  readonly candidate: string;
  readonly rejected: string;
  /** A champion of another market. */
  readonly elsewhere: string;
  /** A motion whose snapshot has a forecast. */
  readonly motion: string;
}

const UNKNOWN = 'f'.repeat(64);

/** Another model's name in the snapshot of the motion. */
function forecastOf(model: string, motion: string): string {
  return `update motions set snapshot = jsonb_set(snapshot, '{forecast,model}', '"${model}"')
    where event_id = '${motion}'`;
}

export const PLANTED_MODELS: readonly PlantedModel[] = [
  {
    name: 'bytes of the champion exchanged',
    sql: ({ champion }) => `update blobs set bytes = 'another' where hash = '${champion}'`,
    breaks: [18],
    says: /its bytes have sha256 /,
  },
  {
    name: 'bytes of a retired model exchanged',
    sql: ({ retired }) => `update blobs set bytes = 'another' where hash = '${retired}'`,
    breaks: [18],
    says: /its bytes have sha256 /,
  },
  {
    name: 'a matrix that is kept as something else',
    sql: ({ champion }) => `update blobs set kind = 'validation'
      where hash = (select matrix_hash from models where hash = '${champion}')`,
    breaks: [18],
    says: /is kept as a validation, registered as a matrix/,
  },
  {
    name: 'a forecast of a model nobody registered',
    sql: ({ motion }) => forecastOf(UNKNOWN, motion),
    breaks: [17, 18],
    says: /its forecast is of f+, which is not in the registry/,
  },
  {
    name: 'a forecast of no model',
    sql: ({ motion }) => `update motions set snapshot = snapshot #- '{forecast,model}'
      where event_id = '${motion}'`,
    breaks: [17, 18],
    says: /its forecast is of no model, which is not in the registry/,
  },
  {
    name: 'a forecast of a rejected model',
    sql: ({ motion, rejected }) => forecastOf(rejected, motion),
    breaks: [17, 18],
    says: /which was rejected/,
  },
  {
    name: 'a forecast of a challenger',
    sql: ({ motion, shadow }) => forecastOf(shadow, motion),
    breaks: [17, 18],
    says: /which was not its champion/,
  },
  {
    name: 'a forecast of another market’s champion',
    sql: ({ motion, elsewhere }) => forecastOf(elsewhere, motion),
    breaks: [17, 18],
    says: /which is of another market/,
  },
  {
    name: 'a forecast from before its model was champion',
    sql: ({ motion }) => `update motions set recorded_at = recorded_at - interval '1 h'
      where event_id = '${motion}'`,
    breaks: [18],
    says: /which was not its champion/,
  },
  {
    name: 'an answer signed by another model',
    sql: ({ shadow }) => `update predictions set answer = answer || '{"model": "${UNKNOWN}"}'
      where model_hash = '${shadow}'`,
    breaks: [18],
    says: /foretold is signed by f+/,
  },
  {
    name: 'another feature hash than the card’s',
    sql: ({ candidate }) =>
      `update models set feature_hash = '${UNKNOWN}' where hash = '${candidate}'`,
    breaks: [18],
    says: /is registered with f+, its card says/,
  },
  {
    name: 'a wider window than the card’s',
    sql: ({ candidate }) =>
      `update models set data_from = data_from - interval '1 d' where hash = '${candidate}'`,
    breaks: [18],
    says: /is registered with \d+, its card says \d+/,
  },
  {
    name: 'a second champion',
    sql: ({ candidate }) => `drop index models_one_champion;
      update models set state = 'champion' where hash = '${candidate}'`,
    breaks: [18],
    says: /has more than one champion/,
  },
  {
    name: 'a champion that lost its state',
    sql: ({ champion }) => `update models set state = 'shadow' where hash = '${champion}'`,
    breaks: [18],
    says: /names .* as its champion, whose state is another/,
  },
  {
    name: 'a champion nobody promoted',
    sql: ({ market, candidate }) => `update champions set model_hash = '${candidate}'
      where symbol = '${market.symbol}'`,
    breaks: [18],
    says: /its champion is .*, the records make it/,
  },
  {
    name: 'an epoch that went back',
    sql: ({ market }) => `update champions set epoch = 1 where symbol = '${market.symbol}'`,
    breaks: [9, 18],
    says: /its epoch is 1, the records make it 3/,
  },
  {
    name: 'an epoch that nothing made',
    sql: ({ market }) => `update champions set epoch = 4 where symbol = '${market.symbol}'`,
    breaks: [9, 18],
    says: /change of a champion has 0 records, must be 1/,
  },
  {
    name: 'a vote that counts whole again by itself',
    sql: ({ market }) => `update champions set worth_bp = 10000 where symbol = '${market.symbol}'`,
    breaks: [18],
    says: /its worth is 10000, the records make it 4000/,
  },
  {
    name: 'a row of a champion taken away',
    sql: ({ market }) => `delete from champions where symbol = '${market.symbol}'`,
    breaks: [9, 18],
    says: /had a champion by its records, and has no row/,
  },
  {
    name: 'a promotion without its record',
    sql: ({ champion }) => `delete from audit where act = 'champion-set'
      and body ->> 'model' = '${champion}' and body ->> 'epoch' = '1'`,
    breaks: [9, 18],
    says: /became champion at epoch 1 without a record of it/,
  },
  {
    name: 'a promotion that was no step of its model',
    sql: ({ retired }) => `delete from model_changes
      where model_hash = '${retired}' and to_state = 'champion'`,
    breaks: [9, 18],
    says: /changed from champion, was candidate/,
  },
  {
    name: 'a rejected model back in the shadow',
    sql: ({ rejected }) => `update models set state = 'shadow' where hash = '${rejected}'`,
    breaks: [18],
    says: /is shadow, its last change made it rejected/,
  },
  {
    name: 'a step no model takes',
    sql: ({ rejected }) => `insert into model_changes
        (model_hash, from_state, to_state, reason, evidence, changed_by)
      values ('${rejected}', 'rejected', 'shadow', 'a favour', '{}', 'somebody');
      update models set state = 'shadow' where hash = '${rejected}'`,
    breaks: [9, 18],
    says: /went from rejected to shadow/,
  },
  {
    name: 'another reason for a step than was recorded',
    sql: ({ rejected }) => `update model_changes set reason = 'it was the best'
      where model_hash = '${rejected}' and to_state = 'rejected'`,
    breaks: [9],
    says: /step of a model has 0 records, must be 1/,
  },
  {
    name: 'other evidence for a step than was recorded',
    sql: ({ champion }) => `update model_changes set evidence = evidence || '{"brier": 0.1}'
      where model_hash = '${champion}' and to_state = 'champion'`,
    breaks: [18],
    says: /rests on something else than was recorded/,
  },
  {
    name: 'a model without a step',
    sql: ({ candidate }) => `delete from model_changes where model_hash = '${candidate}'`,
    breaks: [9, 18],
    says: /is candidate, its last change made it nothing/,
  },
  {
    name: 'weights that are not what their hash says',
    sql: () => `update weights set regime_weights = regime_weights || '{"more": 1}'
      where version = 2`,
    breaks: [17],
    says: /weights 2 what it says is not what its hash says/,
  },
  {
    name: 'a version of the weights without its record',
    sql: () => `insert into weights (version, regime_weights, reason)
      values (3, '{}', 'a favour')`,
    breaks: [9],
    says: /version of the weights has 0 records, must be 1/,
  },
];
