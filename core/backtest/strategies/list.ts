import { ROLES } from '../../assistants/role.ts';
import { ConfigError } from '../../debate/user-config.ts';
import type { OutcomeTerms } from '../../judgement/assessment.ts';
import { outcomeTerms } from '../../judgement/outcome.ts';
import { DEFAULT_CONDITIONS } from '../../venue/conditions.ts';
import { Council, type RingTerms } from '../council.ts';
import type { Strategy } from '../strategy.ts';
import { BestSingle } from './best-single.ts';
import { ensemble } from './ensemble.ts';
import { meanReversion } from './mean-reversion.ts';
import { modelStrategy } from './ml.ts';
import { Single } from './single.ts';
import { trendFollowing } from './trend-following.ts';
import { Vote } from './vote.ts';

/** A number a strategy can be made with. */
export interface Parameter {
  readonly default: number;
  readonly low: number;
  readonly high: number;
  readonly about: string;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** What strategies are made of beside their parameters. */
export interface Ingredients extends RingTerms {
  /** How best-single settles opinions; left out: by the paper market's own costs. */
  readonly outcomes?: OutcomeTerms;
}

export interface Listed {
  readonly name: string;
  readonly about: string;
  /** Asked at the market monitor's motions, or at every close. */
  readonly asked: 'motions' | 'closes';
  readonly needsModel: boolean;
  /** Decides otherwise with a model than without. */
  readonly asksModel: boolean;
  readonly parameters: Parameters;
}

interface Entry extends Listed {
  make(values: Readonly<Record<string, number>>, ingredients: Ingredients): Strategy;
}

const NO_PARAMETERS: Parameters = {};

function ringed({ name, about, make }: Pick<Entry, 'name' | 'about' | 'make'>): Entry {
  const asking = { asked: 'motions', needsModel: false, asksModel: true } as const;
  return { name, about, ...asking, parameters: NO_PARAMETERS, make };
}

const ENTRIES: readonly Entry[] = [
  ringed({
    name: 'council',
    about: 'seven assistants debate and vote',
    make: (_, terms) => new Council(terms),
  }),
  ringed({
    name: 'vote',
    about: 'the same assistants vote, and nobody argues',
    make: (_, terms) => new Vote(terms),
  }),
  ...ROLES.map((role) => ({
    ...ringed({
      name: `assistant:${role}`,
      about: 'one assistant alone',
      make: (_, terms) => new Single(role, terms),
    }),
    // Who is shown nothing by others reads a model's answer only where it watches it.
    asksModel: role === 'strategist',
  })),
  ringed({
    name: 'best-single',
    about: 'the assistant whose settled record up to then is best',
    make: (_, { outcomes = outcomeTerms(DEFAULT_CONDITIONS), ...terms }) =>
      new BestSingle(terms, outcomes),
  }),
  {
    name: 'trend-following',
    about: 'the 20-candle mean clear of the 50-candle mean, while the trend is strong',
    asked: 'closes',
    needsModel: false,
    asksModel: false,
    parameters: {
      enter: {
        default: 0.3,
        low: 0,
        high: 1,
        about: 'gap of the means to buy at, in one and a half ATRs',
      },
      leave: { default: 0, low: -1, high: 1, about: 'gap of the means to sell at' },
      adx: { default: 20, low: 0, high: 100, about: 'least ADX 14 to buy at' },
    },
    make: ({ enter = 0, leave = 0, adx = 0 }) => trendFollowing({ enter, leave, adx }),
  },
  {
    name: 'mean-reversion',
    about: 'bought far below the 20-candle mean and oversold, sold back at it',
    asked: 'closes',
    needsModel: false,
    asksModel: false,
    parameters: {
      enter: {
        default: 0.75,
        low: 0,
        high: 1,
        about: 'stretch to buy at: 0 is half an ATR below the mean, 1 two and a half',
      },
      leave: { default: 0, low: -1, high: 1, about: 'stretch to sell at' },
      rsi: { default: 40, low: 0, high: 100, about: 'highest RSI 14 to buy at' },
    },
    make: ({ enter = 0, leave = 0, rsi = 0 }) => meanReversion({ enter, leave, rsi }),
  },
  {
    name: 'ensemble',
    about: 'trend, momentum and reversion mixed by regime, and a model where one is given',
    asked: 'closes',
    needsModel: false,
    asksModel: true,
    parameters: {
      enter: { default: 0.35, low: 0, high: 1, about: 'mixed lean to buy at' },
      leave: { default: -0.15, low: -1, high: 1, about: 'mixed lean to sell at' },
      model: { default: 2, low: 0, high: 10, about: 'weight of the model beside the rules' },
    },
    make: ({ enter = 0, leave = 0, model = 0 }, { predictions = null }) =>
      ensemble({ enter, leave, model }, predictions),
  },
  {
    name: 'ml',
    about: 'a model alone',
    asked: 'closes',
    needsModel: true,
    asksModel: true,
    parameters: {
      enter: { default: 0.1, low: 0, high: 1, about: 'margin of BUY over SELL to buy at' },
      leave: { default: 0, low: -1, high: 1, about: 'margin of BUY over SELL to sell at' },
      confidence: { default: 0, low: 0, high: 1, about: 'least confidence to buy at' },
    },
    make: ({ enter = 0, leave = 0, confidence = 0 }, { predictions }) => {
      if (predictions === undefined) throw new ConfigError('model', 'given for ml', 'none');
      return modelStrategy({ enter, leave, confidence }, predictions);
    },
  },
];

/** Every strategy there is, in the order lists show them. */
export const STRATEGIES: readonly Listed[] = ENTRIES;

/** Makes a strategy from its name and some of its parameters; what is left out takes its default.
 * Throws a `ConfigError` that names field, expected and found. */
export function makeStrategy(
  name: string,
  given: Readonly<Record<string, unknown>>,
  ingredients: Ingredients,
): Strategy {
  const entry = ENTRIES.find((one) => one.name === name);
  if (entry === undefined) {
    throw new ConfigError('strategy', `one of ${ENTRIES.map((one) => one.name).join(', ')}`, name);
  }
  return entry.make(
    valuesOf(entry, given),
    entry.asksModel ? ingredients : withoutModel(ingredients),
  );
}

function withoutModel({ predictions: _, ...terms }: Ingredients): Ingredients {
  return terms;
}

function valuesOf(
  { name, parameters }: Listed,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, number>> {
  for (const field of Object.keys(given)) {
    if (Object.hasOwn(parameters, field)) continue;
    const known = Object.keys(parameters).join(', ') || 'left out: it has no parameters';
    throw new ConfigError(`${name}.${field}`, known, given[field]);
  }
  const values = Object.entries(parameters).map(
    ([field, parameter]) => [field, valueOf(`${name}.${field}`, parameter, given[field])] as const,
  );
  const all: Readonly<Record<string, number>> = Object.fromEntries(values);
  const { enter, leave } = all;
  if (enter !== undefined && leave !== undefined && leave >= enter) {
    throw new ConfigError(`${name}.leave`, `below ${name}.enter, ${enter}`, leave);
  }
  return all;
}

function valueOf(field: string, { default: usual, low, high }: Parameter, value: unknown): number {
  if (value === undefined) return usual;
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw new ConfigError(field, `a number from ${low} to ${high}`, value);
}
