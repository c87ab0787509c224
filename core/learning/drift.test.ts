import { describe, expect, test } from 'vitest';
import { marketOf as candlesOf } from '../backtest/market.fixture.ts';
import { FEATURE_NAMES } from '../features/vector.ts';
import { outcomeTerms } from '../judgement/outcome.ts';
import { type TrainingMatrix, trainingMatrix } from '../models/matrix.ts';
import { Random } from '../random.ts';
import {
  type CalibrationDrift,
  calibrationDrift,
  type DriftFigures,
  gammaAbove,
  populationDrift,
  validatedFigures,
} from './drift.ts';
import { type FeatureRow, profileOf, stabilityIndex } from './profile.ts';
import { answersOf, marketOf, sharesOf } from './validation.fixture.ts';
import { LEAST_WORTH_BP, worthOf } from './worth.ts';

// Failure here looks like: an alarm each night because it is night, or none when the market is
// another one.

const LABEL = outcomeTerms({ takerFeeBps: 2, halfSpreadBps: 0.5 });

function rowsOf({ header, numbers }: TrainingMatrix): FeatureRow[] {
  const width = header.columns.length;
  return Array.from({ length: header.rows }, (_, row) =>
    Array.from(
      numbers.subarray(row * width + 2, row * width + 2 + FEATURE_NAMES.length),
      (value) => (Number.isNaN(value) ? null : value),
    ),
  );
}

function first({ header, numbers }: TrainingMatrix, rows: number): TrainingMatrix {
  return {
    header: { ...header, rows },
    numbers: numbers.slice(0, rows * header.columns.length),
  };
}

const TRAINED_ROWS = 8_000;
const matrix = trainingMatrix([candlesOf('drift', { candles: 12_000 })], LABEL);
const profile = profileOf(first(matrix, TRAINED_ROWS));
const later = rowsOf(matrix).slice(TRAINED_ROWS);

describe('a profile', () => {
  test('deciles - as many rows in each, those without a value last; JSON-safe', () => {
    const [rsi] = profile.features;
    expect(rsi?.edges).toHaveLength(9);
    expect(rsi?.counts.reduce((sum, one) => sum + one, 0)).toBe(TRAINED_ROWS);
    for (const count of rsi?.counts.slice(0, 10) ?? []) {
      expect(Math.abs(count - TRAINED_ROWS / 10)).toBeLessThan(20);
    }
    const news = profile.features[FEATURE_NAMES.indexOf('news_sentiment')];
    expect(news?.edges).toEqual([]);
    expect(news?.counts).toEqual([0, TRAINED_ROWS]);
    expect(JSON.parse(JSON.stringify(profile))).toEqual(profile);
    expect(JSON.stringify(profile).length).toBeLessThan(60_000);
  });

  test('values that come often - one bin each, none that is empty', () => {
    const day = profile.features[FEATURE_NAMES.indexOf('day_of_week')];
    expect(day?.edges.length).toBe(6);
    expect(day?.counts.slice(0, -1).every((count) => count > 0)).toBe(true);
    expect(() => profileOf(first(matrix, 0))).toThrow('must have rows');
  });

  test('stability index - by hand, zero for the same shares, finite for an empty bin', () => {
    const [was, is] = [
      [60.5 / 101, 40.5 / 101],
      [20.5 / 101, 80.5 / 101],
    ] as [[number, number], [number, number]];
    const expected =
      (is[0] - was[0]) * Math.log(is[0] / was[0]) + (is[1] - was[1]) * Math.log(is[1] / was[1]);
    expect(stabilityIndex([60, 40], [20, 80])).toBeCloseTo(expected, 12);
    expect(stabilityIndex([50, 50], [50, 50])).toBe(0);
    expect(stabilityIndex([50, 50, 0], [50, 50, 0])).toBe(0);
    expect(stabilityIndex([100, 0], [0, 100])).toBeGreaterThan(5);
    expect(Number.isFinite(stabilityIndex([100, 0], [0, 100]))).toBe(true);
  });
});

describe('drift of features', () => {
  test('the same market later - hardly a window of a hundred called drifted, night or day', () => {
    let [windows, drifted] = [0, 0];
    for (const size of [60, 150, 288, 1_000]) {
      for (let from = 0; from + size <= later.length; from += Math.ceil(size / 2)) {
        const { level } = populationDrift(profile, later.slice(from, from + size));
        windows += 1;
        if (level === 'discounted') drifted += 1;
      }
    }
    expect(windows).toBeGreaterThan(190);
    expect(drifted).toBeLessThanOrEqual(2);
  });

  test('two hours of one night - the calendar raises no alarm', () => {
    const { features } = populationDrift(profile, later.slice(0, 60));
    for (const name of ['hour_of_day', 'day_of_week']) {
      const found = features.find((one) => one.name === name);
      expect(found?.psi).toBeGreaterThan(1);
      expect(found?.level).toBe('none');
    }
  });

  test.for([100, 288, 1_000])('twice the volume in %i rows - found, and only that', (size) => {
    const place = FEATURE_NAMES.indexOf('volume_sma_ratio');
    const moved = later
      .slice(0, size)
      .map((row) => row.map((value, at) => (at === place && value !== null ? 2 * value : value)));
    const { level, features, words } = populationDrift(profile, moved);
    expect(level).toBe('discounted');
    const found = features.filter((one) => one.level === 'discounted').map(({ name }) => name);
    expect(found).toEqual(['volume_sma_ratio']);
    expect(words).toContain('drifted: volume_sma_ratio');
  });

  test('a source that fell silent, and one that begins to speak - found', () => {
    const [rsi, news] = [FEATURE_NAMES.indexOf('rsi_14'), FEATURE_NAMES.indexOf('news_sentiment')];
    const silent = later.slice(0, 300).map((row) => row.with(rsi, null));
    const speaking = later.slice(0, 300).map((row) => row.with(news, 0.3));
    const level = (rows: readonly FeatureRow[], place: number) =>
      populationDrift(profile, rows).features[place]?.level;
    expect(level(silent, rsi)).toBe('discounted');
    expect(level(speaking, news)).toBe('discounted');
  });

  test('independent rows - the limit is that of a chi square, ten rows a bin are no alarm', () => {
    const random = new Random('independent');
    const numbers = first(matrix, TRAINED_ROWS).numbers.slice();
    const width = matrix.header.columns.length;
    for (let row = 0; row < TRAINED_ROWS; row += 1) numbers[row * width + 2] = random.normal();
    const own = profileOf({ header: { ...matrix.header, rows: TRAINED_ROWS }, numbers });
    let drifted = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      const rows = later.slice(0, 100).map((row) => row.with(0, random.normal()));
      const [found] = populationDrift(own, rows).features as [DriftFigures['features'][number]];
      // Nine degrees of freedom: a mean of 9 × (1 / 100 + 1 / 8000) = 0.09.
      expect(found.usual).toBeGreaterThan(0.08);
      expect(found.usual).toBeLessThan(0.12);
      if (found.level !== 'none') drifted += 1;
    }
    expect(drifted).toBeLessThanOrEqual(1);
  });

  test('too few rows - no judgement; rows of another width - refused', () => {
    const few = populationDrift(profile, later.slice(0, 49));
    expect(few).toMatchObject({ level: 'none', features: [] });
    expect(few.words).toBe('49 rows are too few to tell drift by (50 needed)');
    expect(() => populationDrift(profile, [[1, 2]])).toThrow('must have 16 features, had 2');
  });

  test('gamma above - a chi square of ten, from the table', () => {
    expect(gammaAbove(0.05, { mean: 10, variance: 20 })).toBeCloseTo(18.307, 1);
    expect(gammaAbove(0.01, { mean: 10, variance: 20 })).toBeCloseTo(23.209, 1);
  });
});

describe('drift of calibration', () => {
  const terms = { horizonCandles: 12 };
  const came = marketOf('validated', { rows: 4_000 });
  const rows = answersOf('validated', came, { skill: 0.2 });
  const validated = validatedFigures(
    rows,
    came.map(() => sharesOf(came)),
    12,
  );
  if (validated === null) throw new Error('there are rows');

  function driftOf(seed: string, count: number, skill: number): CalibrationDrift {
    const newer = marketOf(seed, { rows: count });
    // Answers with the validated skill; what comes has to do with them as much as asked for.
    const said = answersOf(seed, newer, { skill: 0.2 });
    const random = new Random('drift', seed);
    const settled = said.map((row, at) => {
      const other = newer[random.whole(0, newer.length - 1)] as (typeof newer)[number];
      return {
        ...row,
        label: random.chance(skill) ? (newer[at] as typeof other).label : other.label,
      };
    });
    return calibrationDrift(validated as NonNullable<typeof validated>, settled, terms);
  }

  test('figures of a validation - better than the label shares, with an error', () => {
    expect(validated.brier).toBeLessThan(validated.baseBrier);
    expect(validated.brierError).toBeGreaterThan(0);
    expect(validated.expectedError).toBeLessThan(0.05);
    expect(validatedFigures([], [], 12)).toBeNull();
  });

  test('as good as validated - no drift, in nearly every one of fifty stretches', () => {
    const levels = Array.from({ length: 50 }, (_, turn) => driftOf(`same ${turn}`, 500, 1).level);
    expect(levels.filter((level) => level !== 'none').length).toBeLessThanOrEqual(4);
  });

  test('all skill gone - the vote is discounted and retraining is asked for', () => {
    const gone = driftOf('gone', 3_000, 0);
    expect(gone.level).toBe('discounted');
    expect(gone.interval?.low).toBeGreaterThan(0);
    expect(gone.words).toContain('most of its skill is gone');
    const worth = worthOf({ population: null, calibration: gone });
    expect(worth).toMatchObject({ level: 'discounted', retrain: true });
    expect(worth.worthBp).toBeGreaterThanOrEqual(LEAST_WORTH_BP);
    expect(worth.worthBp).toBeLessThan(7_000);
  });

  test('few settled forecasts - too few to hold against validation', () => {
    const few = driftOf('few', 40, 0);
    expect(few).toMatchObject({ level: 'none', interval: null, skillLeft: 1 });
    expect(few.words).toContain('40 settled forecasts are too few');
  });
});

describe('what drift leaves of a vote', () => {
  function populationOf(psi: number, limit = 0.2): DriftFigures {
    const level = psi > 0.25 ? 'discounted' : psi > 0.1 ? 'warned' : 'none';
    const feature = { name: 'rsi_14', psi, usual: 0.05, limit, level } as const;
    return { rows: 500, level, features: [feature], words: `rsi_14 ${psi}` };
  }

  test('from all of it to a quarter, never back up as drift grows', () => {
    const worths = [0, 0.05, 0.2, 0.26, 0.5, 0.75, 1, 5].map(
      (psi) => worthOf({ population: populationOf(psi), calibration: null }).worthBp,
    );
    expect(worths).toEqual([10_000, 10_000, 10_000, 9_900, 7_500, 5_000, 2_500, 2_500]);
  });

  test('a warning - the vote stays whole; nothing measured - it says so', () => {
    const warned = worthOf({ population: populationOf(0.2), calibration: null });
    expect(warned).toMatchObject({ level: 'warned', worthBp: 10_000, retrain: false });
    const unknown = worthOf({ population: null, calibration: null });
    expect(unknown.words).toBe('drift was not measured; its vote counts whole');
    const gone = worthOf({ population: populationOf(0.5), calibration: null });
    expect(gone.words).toBe('rsi_14 0.5; its vote counts 75 %, and it should be trained anew');
  });
});
