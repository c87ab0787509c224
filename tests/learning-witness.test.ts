import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { gammaAbove } from '../core/learning/drift.ts';
import { CloseSums, estimateMean, studentAbove } from '../core/learning/mean-test.ts';
import { stabilityIndex } from '../core/learning/profile.ts';
import { Random } from '../core/random.ts';
import { ensurePython } from '../ops/python/environment.ts';
import { runPython } from '../ops/python/run.ts';
import { CorroError } from '../proto/errors.ts';
import { PYTHON_TIMEOUT_MS } from './models-maker.ts';

/** Formulas that promote models and call features drifted, against scipy and numpy of the project's
 * own Python environment. Failure would look like: a level of 2.5 % that is not one. */

const WITNESS = `
import json, sys
import numpy
from scipy import stats

asked = json.load(open(sys.argv[1]))

def error_of(values, block):
    x = numpy.array(values) - numpy.mean(values)
    n, p = len(x), 1 / block
    gamma = numpy.array([numpy.dot(x[k:], x[: n - k]) / n for k in range(n)])
    k = numpy.arange(n)
    weight = (1 - k / n) * (1 - p) ** k + k / n * (1 - p) ** (n - k)
    return float(numpy.sqrt((gamma[0] + 2 * numpy.sum(weight[1:] * gamma[1:])) / n))

def psi(was, now):
    was, now = numpy.array(was) + 0.5, numpy.array(now) + 0.5
    was, now = was / was.sum(), now / now.sum()
    return float(stats.entropy(now, was) + stats.entropy(was, now))

json.dump({
    "student": [float(stats.t.isf(p, df)) for p, df in asked["student"]],
    "gamma": [
        float(stats.gamma.isf(p, mean**2 / variance, scale=variance / mean))
        for p, mean, variance in asked["gamma"]
    ],
    "error": [error_of(*one) for one in asked["error"]],
    "psi": [psi(*one) for one in asked["psi"]],
}, sys.stdout, allow_nan=False)
`;

type Answers = Readonly<Record<'student' | 'gamma' | 'error' | 'psi', readonly number[]>>;

const STUDENT = [0.3, 0.05, 0.025, 1e-3, 1e-4, 1e-6].flatMap((probability) =>
  [10, 14.5, 30, 200, 5_000].map((freedom) => [probability, freedom] as const),
);
const GAMMA = [0.05, 0.01, 6e-4].flatMap((probability) =>
  [3, 6, 9].map((freedom) => [probability, 0.02 * freedom, 8e-4 * freedom] as const),
);
const SERIES = [0, 0.5, 0.9].map((memory) => [walk(memory, 800), 40] as const);
const COUNTS = [
  [
    [100, 100, 100, 0],
    [7, 20, 3, 1],
  ],
  [
    [5, 900, 30],
    [50, 40, 3],
  ],
] as const;

function walk(memory: number, count: number): readonly number[] {
  const random = new Random('witness', String(memory));
  let value = 0;
  return Array.from({ length: count }, () => {
    value = memory * value + random.normal();
    return value;
  });
}

async function ask(): Promise<Answers | { readonly missing: string }> {
  const python = await ensurePython('training').catch((error: unknown) => {
    if (error instanceof CorroError && error.code === 'python_missing') return error.message;
    throw error;
  });
  if (typeof python === 'string') return { missing: python };
  const folder = mkdtempSync(join(tmpdir(), 'corro-witness-'));
  try {
    const path = join(folder, 'asked.json');
    const asked = { student: STUDENT, gamma: GAMMA, error: SERIES, psi: COUNTS };
    writeFileSync(path, JSON.stringify(asked));
    const ended = await runPython(python, ['-c', WITNESS, path], { timeoutMs: PYTHON_TIMEOUT_MS });
    if (ended.code !== 0) throw new Error(`the witness failed: ${ended.stderr}`);
    return JSON.parse(ended.stdout) as Answers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('rules of learning beside an independent library', () => {
  let said: Awaited<ReturnType<typeof ask>>;
  beforeAll(async () => {
    said = await ask();
  }, PYTHON_TIMEOUT_MS);

  function heard({ skip }: TestContext): Answers {
    if ('missing' in said) return skip(`no Python environment: ${said.missing}`);
    return said;
  }

  /** The largest distance, as a share of what the witness says. */
  function apart(ours: readonly number[], theirs: readonly number[]): number {
    expect(theirs).toHaveLength(ours.length);
    return Math.max(...ours.map((one, at) => Math.abs(one / (theirs[at] as number) - 1)));
  }

  test('Student - within 1 % down to one in a million', (context) => {
    const ours = STUDENT.map(([probability, freedom]) => studentAbove(probability, freedom));
    expect(apart(ours, heard(context).student)).toBeLessThan(0.01);
  });

  test('gamma - the cube root is within 3 % of the limit', (context) => {
    const ours = GAMMA.map(([probability, mean, variance]) =>
      gammaAbove(probability, { mean, variance }),
    );
    expect(apart(ours, heard(context).gamma)).toBeLessThan(0.03);
  });

  test('error of a mean - the lemma itself, over all lags', (context) => {
    const ours = SERIES.map(([values, block]) => {
      const sums = new CloseSums(1);
      values.forEach((value, at) => {
        sums.add(at, [value]);
      });
      return estimateMean(sums.stretches(), 1, block).error as number;
    });
    expect(apart(ours, heard(context).error)).toBeLessThan(0.002);
  });

  test('stability index - the sum of both relative entropies', (context) => {
    const ours = COUNTS.map(([was, is]) => stabilityIndex(was, is));
    expect(apart(ours, heard(context).psi)).toBeLessThan(1e-12);
  });
});
