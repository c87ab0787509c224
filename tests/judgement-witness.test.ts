import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { closesOf, type MarketSeries } from '../core/backtest/series.ts';
import { holdRun } from '../core/judgement/hold.ts';
import { metricsOf } from '../core/judgement/metrics.ts';
import { normalBelow } from '../core/judgement/normal.ts';
import { type Run, returnsOf } from '../core/judgement/returns.ts';
import { equityOf, runOf, walkOf } from '../core/judgement/run.fixture.ts';
import { ensurePython } from '../ops/python/environment.ts';
import { runPython } from '../ops/python/run.ts';
import { CorroError } from '../proto/errors.ts';
import { madeUpSeries, PYTHON_TIMEOUT_MS } from './models-maker.ts';

/** Our metrics against an independent library: empyrical-reloaded (and scipy) of the project's own
 * Python environment, on the same returns. Failure would look like: a standard name under which we
 * print another number than everybody else. */

const WITNESS = `
import json, sys
import empyrical, numpy, scipy.stats

def figures(case):
    returns = numpy.array(case["returns"])
    year = {"annualization": case["periodsPerYear"]}
    free = case["free"]
    return {
        "totalReturn": empyrical.cum_returns_final(returns),
        "annualReturn": empyrical.annual_return(returns, **year),
        "annualVolatility": empyrical.annual_volatility(returns, **year),
        "sharpe": empyrical.sharpe_ratio(returns, risk_free=free, **year),
        "sortino": empyrical.sortino_ratio(returns, required_return=free, **year),
        "calmar": empyrical.calmar_ratio(returns, **year),
        "maxDrawdown": -empyrical.max_drawdown(returns),
        "skewness": scipy.stats.skew(returns - free),
        "kurtosis": scipy.stats.kurtosis(returns - free, fisher=False),
    }

cases = json.load(open(sys.argv[1]))
answers = [{name: float(value) for name, value in figures(case).items()} for case in cases]
normal = [[x / 10, float(scipy.stats.norm.cdf(x / 10))] for x in range(-80, 81)]
json.dump({"answers": answers, "normal": normal}, sys.stdout, allow_nan=False)
`;

interface Answers {
  readonly answers: readonly Readonly<Record<string, number>>[];
  readonly normal: readonly (readonly [number, number])[];
}

interface Case {
  readonly name: string;
  readonly run: Run;
  readonly riskFree: number;
}

const MINUTES = 5 * 60_000;

const CASES: readonly Case[] = [
  of('days that hang together', walkOf('a', { count: 1_500, mean: 0.0004, memory: 0.3 })),
  of('days at a loss', walkOf('b', { count: 400, mean: -0.002 })),
  of('three days', [0.02, -0.01, 0.005]),
  { ...of('days over a risk-free rate', walkOf('c', { count: 800, mean: 0.001 })), riskFree: 0.04 },
  of('five minutes, a hundred thousand of them', walkOf('d', { count: 100_000 }), MINUTES),
  of('mostly flat, with jumps', jumps()),
  { name: 'holding a made-up market', run: held(madeUpSeries(5_000)), riskFree: 0 },
  { name: 'holding three of them', run: held(madeUpSeries(3_000, { markets: 3 })), riskFree: 0 },
];

function of(name: string, returns: readonly number[], stepMs = 86_400_000): Case {
  // What is small stays small: a hundred thousand steps of one per cent would end anywhere.
  const scale = returns.length > 10_000 ? 0.05 : 1;
  const equity = equityOf(returns.map((value) => value * scale));
  return { name, run: runOf(equity, { stepMs }), riskFree: 0 };
}

function jumps(): readonly number[] {
  return walkOf('jumps', { count: 2_000 }).map((value, at) => (at % 17 === 0 ? 4 * value : 0));
}

function held(series: readonly MarketSeries[]): Run {
  const timeMs = [...closesOf(series)].map(({ closeTimeMs }) => closeTimeMs);
  const base = runOf(timeMs.map(() => 1_000));
  const fromMs = series[0]?.candles.at(0)?.openTimeMs ?? 0;
  const idle = { ...base, data: { ...base.data, fromMs }, curve: { ...base.curve, timeMs } };
  return holdRun(idle, series);
}

/** What the witness says; `null` when this machine cannot have its environment. */
async function ask(): Promise<Answers | { readonly missing: string }> {
  const python = await ensurePython('training').catch((error: unknown) => {
    if (error instanceof CorroError && error.code === 'python_missing') return error.message;
    throw error;
  });
  if (typeof python === 'string') return { missing: python };
  const folder = mkdtempSync(join(tmpdir(), 'corro-witness-'));
  try {
    const cases = CASES.map(({ run, riskFree }) => {
      const { values, periodsPerYear } = returnsOf(run);
      const free = (1 + riskFree) ** (1 / periodsPerYear) - 1;
      return { returns: [...values], periodsPerYear, free };
    });
    const path = join(folder, 'cases.json');
    writeFileSync(path, JSON.stringify(cases));
    const ended = await runPython(python, ['-c', WITNESS, path], { timeoutMs: PYTHON_TIMEOUT_MS });
    if (ended.code !== 0) throw new Error(`the witness failed: ${ended.stderr}`);
    return JSON.parse(ended.stdout) as Answers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('metrics beside an independent library', () => {
  let said: Awaited<ReturnType<typeof ask>>;
  beforeAll(async () => {
    said = await ask();
  }, PYTHON_TIMEOUT_MS);

  function heard({ skip }: TestContext): Answers {
    if ('missing' in said) return skip(`no Python environment: ${said.missing}`);
    return said;
  }

  test.for(CASES.map((one, at) => ({ ...one, at })))(
    '$name - every figure agrees',
    ({ run, riskFree, at }, context) => {
      const expected = heard(context).answers[at] as Readonly<Record<string, number>>;
      const metrics = metricsOf(run, { riskFree });
      const ours = { ...metrics, maxDrawdown: metrics.maxDrawdown.depth };
      for (const [name, value] of Object.entries(expected)) {
        const own = ours[name as keyof typeof ours];
        const apart = Math.abs(Number(own) - value) / Math.max(1e-6, Math.abs(value));
        expect(apart, `${name}: ours ${String(own)}, theirs ${value}`).toBeLessThan(1e-7);
      }
    },
  );

  test('normal distribution - agrees with scipy from -8 to 8', (context) => {
    for (const [x, below] of heard(context).normal) {
      expect(Math.abs(normalBelow(x) - below)).toBeLessThan(1e-14);
    }
  });
});
