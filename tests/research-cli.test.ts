import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Corro, type Ended, until } from './e2e/corro.ts';
import { writeMadeUpTape } from './e2e/tape.ts';

/** Backtests, sweeps, walk-forward and lookahead through the command line, without any server. A
 * failure here means that a researcher is told a figure of which another run says something else,
 * that a trial is forgotten or made twice, or that rubbish on the command line is reckoned with. */

const folder = mkdtempSync(join(tmpdir(), 'corro-research-'));
const tape = join(folder, 'made-AAA-USD-5m.csv');
const other = join(folder, 'made-BBB-USD-5m.csv');
const homes: Corro[] = [];

beforeAll(() => {
  const startMs = Date.UTC(2024, 0, 1);
  writeMadeUpTape({ path: tape, seed: 11, startMs, candles: 900, price: 100 });
  writeMadeUpTape({ path: other, seed: 12, startMs: startMs + 3_600_000, candles: 700, price: 40 });
});

afterAll(async () => {
  await Promise.all(homes.map((home) => home.close()));
  rmSync(folder, { recursive: true, force: true });
});

function corro(): Corro {
  const home = new Corro();
  homes.push(home);
  return home;
}

const GRID = ['--grid', 'enter=0.1,0.3,0.5', '--grid', 'adx=10,20'] as const;
const TREND = ['--strategy', 'trend-following'] as const;

function trialsIn({ home }: Corro): readonly { hash: string; command: string }[] {
  const path = join(home, 'research', 'trials.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { hash: string; command: string });
}

describe('corro backtest', () => {
  test('backtest - page, short JSON, whole file and reports say the same', async () => {
    const own = corro();
    const path = (name: string): string => join(folder, name);
    const written = ['--report', path('r.html'), '--out', path('r.json')];
    const page = await own.ok('backtest', tape, ...TREND, ...written);
    expect(page).toContain('After costs, trend-following');
    expect(page).toContain('Sharpe ratio');
    const short = await own.json<Judged>('backtest', tape, ...TREND, '--report', path('r.md'));
    const whole = JSON.parse(readFileSync(path('r.json'), 'utf8')) as Whole;
    expect(short.assessment).toEqual(whole.assessment);
    expect(short.headline).toBe(whole.headline);
    expect(short.result.lengths).toEqual({
      closes: 900,
      decisions: whole.result.decisions.length,
      orders: whole.result.orders.length,
      fills: whole.result.fills.length,
      trades: whole.result.trades.length,
    });
    expect(whole.result.curve.equity).toHaveLength(900);
    expect(whole.result.fills.length).toBeGreaterThan(0);
    expect(readFileSync(path('r.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(readFileSync(path('r.md'), 'utf8')).toContain(whole.headline);
    expect(new Set(trialsIn(own).map(({ hash }) => hash)).size).toBe(1);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('backtest - two markets of different hours; terms make another trial', async () => {
    const own = corro();
    const both = await own.json<Judged>('backtest', tape, other, ...TREND);
    expect(both.result.data.series.map(({ symbol }) => symbol)).toEqual(['AAA/USD', 'BBB/USD']);
    const terms = ['--capital', '2000', '--fees-bps', '0', '--half-spread-bps', '5'];
    const rest = ['--slippage', '3:0.01', '--limits', 'maxPositionBps=5000'];
    const flags = [...terms, ...rest, '--param', 'enter=0.1', '--from', '2024-01-01T06:00:00Z'];
    const own2 = await own.json<Judged>('backtest', tape, ...TREND, ...flags);
    expect(own2.result.account).toMatchObject({
      capital: '2000',
      conditions: {
        takerFeeBps: 0,
        makerFeeBps: 0,
        halfSpreadBps: 5,
        levelStepBps: 3,
        depthShare: 0.01,
      },
      settings: { maxPositionBps: 5000 },
    });
    expect(own2.result.data.fromMs).toBe(Date.UTC(2024, 0, 1, 6));
    expect(own2.result.strategy.parameters).toMatchObject({ enter: 0.1, leave: 0, adx: 20 });
    expect(Number(own2.assessment.metrics.feesPaid)).toBe(0);
    expect(trialsIn(own)).toHaveLength(2);
  });

  test('backtest - the council in both gears decides the same', async () => {
    const own = corro();
    const decided = async (...flags: readonly string[]): Promise<readonly unknown[]> => {
      const path = join(folder, `gear${flags.length}.json`);
      await own.ok('backtest', other, '--council', '--out', path, ...flags);
      const { result } = JSON.parse(readFileSync(path, 'utf8')) as Whole;
      expect(result.decisions.length).toBeGreaterThan(5);
      expect(result.decisions.some(({ council }) => council?.transcript !== undefined)).toBe(
        flags.length > 0,
      );
      return result.decisions.map(({ closeTimeMs, action, confidenceBp, followUp }) => ({
        ...{ closeTimeMs, action, confidenceBp, followUp },
      }));
    };
    expect(await decided('--full')).toEqual(await decided());
  });

  test('backtest - arms: every other way to trade, the judged one first', async () => {
    const own = corro();
    const range = ['--to', '2024-01-02T00:00:00Z'];
    const { assessment } = await own.json<Judged>(
      'backtest',
      tape,
      '--council',
      '--arms',
      ...range,
    );
    const names = assessment.arms.map(({ name }) => name);
    expect(names[0]).toBe('council');
    expect(names.at(-1)).toBe('hold');
    expect(names.filter((name) => name.startsWith('assistant:'))).toHaveLength(7);
    const others = ['vote', 'best-single', 'trend-following', 'mean-reversion', 'ensemble'];
    expect(names).toEqual(expect.arrayContaining(others));
    expect(trialsIn(own)).toHaveLength(names.length - 1);
  });
});

describe('corro sweep', () => {
  test('sweep - the same bytes on one thread, on three, and when it was stopped', async () => {
    const [one, three, stopped] = [corro(), corro(), corro()];
    const words = ['sweep', tape, ...TREND, ...GRID, '--json'];
    const first = await one.ok(...words, '--threads', '1');
    expect(await three.ok(...words, '--threads', '3')).toBe(first);
    const running = stopped.start(...words, '--threads', '1');
    await until('a first trial', () => trialsIn(stopped).length > 0);
    running.process.kill('SIGINT');
    const { code, stdout } = await running.ended;
    const before = trialsIn(stopped).map(({ hash }) => hash);
    // It may have been through before the signal came.
    expect([code, before.length === 6]).toEqual(
      code === 0 ? [0, true] : [130, before.length === 6],
    );
    if (code !== 0) expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } });
    expect(await stopped.ok(...words)).toBe(first);
    const hashes = trialsIn(stopped).map(({ hash }) => hash);
    expect(hashes).toHaveLength(6);
    expect(hashes.slice(0, before.length)).toEqual(before);
  });

  test('sweep - best first, refused parameters told, luck deflated by all trials', async () => {
    const own = corro();
    await own.ok('backtest', tape, '--strategy', 'mean-reversion');
    const grid = ['--grid', 'enter=0.1,0.3', '--grid', 'leave=-0.1,0.2'];
    const report = await own.json<Swept>('sweep', tape, ...TREND, ...grid);
    expect(report.rows).toHaveLength(3);
    const sharpes = report.rows.map(({ figures }) => figures.sharpe ?? Number.NEGATIVE_INFINITY);
    expect(sharpes).toEqual([...sharpes].sort((a, b) => b - a));
    expect(report.refused).toMatchObject([{ parameters: { enter: 0.1, leave: 0.2 } }]);
    expect(JSON.stringify(report.refused)).toContain('leave must be');
    expect(report.deflated?.trials).toBe(4);
    expect(report.overfitting?.trials).toBe(3);
    const page = await own.ok('sweep', tape, ...TREND, ...grid);
    expect(page).toContain('Probability of overfitting');
    expect(page).toContain('4 trials were ever made on these candles');
  });

  test('sweep - random draws are the same for the same seed', async () => {
    const own = corro();
    const words = ['sweep', tape, ...TREND, '--random', '3', '--range', 'enter=0.1..0.6'];
    const first = await own.json<Swept>(...words);
    expect(await own.json<Swept>(...words)).toEqual(first);
    expect(trialsIn(own)).toHaveLength(3);
    await own.ok(...words, '--seed', '2');
    expect(trialsIn(own)).toHaveLength(6);
  });
});

describe('corro walkforward', () => {
  test('walkforward - judged only on what came after; nothing is run twice', async () => {
    const own = corro();
    const plan = ['--train', '1', '--test', '0.5', '--embargo', '6'];
    const words = ['walkforward', tape, ...TREND, '--grid', 'enter=0.1,0.4', ...plan];
    const first = await own.json<Walked>(...words);
    expect(first.folds.length).toBe(5);
    for (const [at, { train, test: judged, tried }] of first.folds.entries()) {
      expect(judged.fromMs - train.toMs).toBe(6 * 300_000);
      expect(tried).toBe(2);
      if (at > 0) expect(judged.fromMs).toBe(first.folds[at - 1]?.test.toMs);
    }
    expect(first.curve.timeMs[0]).toBeGreaterThan(first.folds[0]?.test.fromMs ?? 0);
    const made = trialsIn(own).length;
    expect(made).toBe(5 * 3);
    expect(await own.json<Walked>(...words, '--threads', '1')).toEqual(first);
    expect(trialsIn(own)).toHaveLength(made);
    expect(await own.ok(...words)).toContain('What was chosen in training');
  });
});

describe('corro lookahead and strategies', () => {
  test('lookahead - council and a rule are clean', async () => {
    const own = corro();
    for (const name of ['council', 'mean-reversion']) {
      const words = ['lookahead', tape, '--strategy', name, '--trials', '4'];
      const report = await own.json<Looked>(...words);
      expect(report).toMatchObject({ strategy: name, future: { trials: 4, moved: [] } });
      expect(report.future.compared).toBeGreaterThan(10);
      expect(report.clean).toBe(true);
    }
    expect(trialsIn(own)).toEqual([]);
  });

  test('strategies - each with its parameters, and the newest trial of each market', async () => {
    const own = corro();
    await own.ok('backtest', tape, ...TREND);
    const rows = await own.json<readonly Listed[]>('strategies');
    const trend = rows.find(({ name }) => name === 'trend-following');
    expect(trend).toMatchObject({ trials: 1, newest: [{ data: { symbols: ['AAA/USD'] } }] });
    expect(Object.keys(trend?.parameters ?? {})).toEqual(['enter', 'leave', 'adx']);
    expect(await own.ok('strategies')).toContain('AAA/USD 5m');
  });
});

type Refused = readonly [words: readonly string[], said: RegExp];

/** Two at a time: each command is a process. */
async function expectRefused(
  own: Corro,
  wrong: readonly Refused[],
  expected: number,
): Promise<void> {
  const left = [...wrong];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [words, said] = next;
      const { code, stderr }: Ended = await own.run(...words);
      expect({ words, code }, stderr).toEqual({ words, code: expected });
      expect(stderr).toMatch(said);
    }
  };
  await Promise.all([work(), work()]);
}

describe('bad input to research', () => {
  test('a wrong command line exits 2 and says what was expected and found', async () => {
    const own = corro();
    const wrong: readonly Refused[] = [
      [['backtest'], /missing required argument/],
      [['backtest', tape, '--strategy', 'luck'], /--strategy must be one of council.*was luck/],
      [['backtest', tape, '--council', '--strategy', 'vote'], /and not both/],
      [['backtest', tape, ...TREND, '--param', 'fast=5'], /enter, leave, adx, was fast/],
      [['backtest', tape, '--strategy', 'ml'], /needs --model/],
      [['backtest', tape, '--capital', '0'], /--capital must be a positive amount.*was 0/],
      [['backtest', tape, '--capital=-1'], /--capital must be a positive amount.*was -1/],
      [['backtest', tape, '--fees-bps', '10001'], /0 to 10000 basis points \(100 %\), was 10001/],
      [['backtest', tape, '--from', '2024-02-01', '--to', '2024-01-01'], /--from must be before/],
      [['backtest', tape, '--report', 'out.pdf'], /must end in one of .html/],
      [['backtest', tape, '--out', 'out.html'], /--out must end in .json/],
      [['backtest', tape, '--threads', '0'], /whole number above 0/],
      [['sweep', tape, ...TREND], /give --grid, or --random/],
      [['sweep', tape, ...TREND, '--grid', 'speed=1,2'], /enter, leave, adx, was speed/],
      [['sweep', tape, ...TREND, '--random', '9', '--range', 'adx=1..3'], /at most the 3/],
      [
        ['walkforward', tape, ...TREND, ...GRID, '--train', '9', '--test', '1'],
        /longer than 9 days/,
      ],
    ];
    await expectRefused(own, wrong, 2);
    expect(trialsIn(own)).toEqual([]);
  });

  test('files that do not go together, empty ranges and refused values exit 3', async () => {
    const own = corro();
    const hourly = join(folder, 'made-CCC-USD-1h.csv');
    const euro = join(folder, 'made-DDD-EUR-5m.csv');
    const split = join(folder, 'made-EEE-USD-1d.csv');
    const row = (at: number, stepMs: number, price: number): string =>
      [Date.UTC(2024, 0, 1) + at * stepMs, price, price * 1.01, price * 0.99, price, 5].join();
    const rows = (stepMs: number, priceAt: (at: number) => number): string =>
      ['timestamp,open,high,low,close,volume']
        .concat(Array.from({ length: 60 }, (_, at) => row(at, stepMs, priceAt(at))))
        .join('\n');
    writeFileSync(
      hourly,
      rows(3_600_000, () => 10),
    );
    writeFileSync(
      euro,
      rows(300_000, () => 10),
    );
    writeFileSync(
      split,
      rows(86_400_000, (at) => (at < 40 ? 100 : 10)),
    );
    const wrong: readonly Refused[] = [
      [['backtest', tape, hourly], /one timeframe, found 5m, 1h/],
      [['backtest', tape, euro], /one quote asset, found EUR, USD/],
      [['backtest', tape, tape], /same symbol/],
      [['backtest', tape, '--from', '2031-01-01'], /no candles in the range.*2024-01-01/s],
      [['backtest', split], /10 for 1 at 2024-02-10.*--splits adjust/s],
      [['backtest', tape, '--limits', 'maxPositionBps=0'], /maxPositionBps: expected an integer/],
      [['backtest', tape, ...TREND, '--param', 'enter=NaN'], /enter must be a number.*NaN/],
    ];
    await expectRefused(own, wrong, 3);
    const adjusted = await own.run('backtest', split, ...TREND, '--splits', 'adjust');
    expect(adjusted.code, adjusted.stderr).toBe(0);
    expect(adjusted.stderr).toContain('adjusted for splits: 10 for 1');
  });

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk while a report is written - exit 7, named, and the page is not printed',
    async () => {
      const own = corro();
      const full = join(folder, 'full.json');
      symlinkSync('/dev/full', full);
      const { code, stderr, stdout } = await own.run('backtest', tape, ...TREND, '--out', full);
      expect(code, stderr).toBe(7);
      expect(stderr).toContain(`${full} was not written`);
      expect(stdout).toBe('');
    },
  );
});

interface Judged {
  readonly headline: string;
  readonly assessment: {
    readonly metrics: { readonly feesPaid: string };
    readonly arms: readonly { readonly name: string }[];
  };
  readonly result: {
    readonly lengths: Readonly<Record<string, number>>;
    readonly strategy: { readonly parameters: Readonly<Record<string, unknown>> };
    readonly account: unknown;
    readonly data: { readonly fromMs: number; readonly series: readonly { symbol: string }[] };
  };
}

interface Whole {
  readonly headline: string;
  readonly assessment: unknown;
  readonly result: {
    readonly curve: { readonly equity: readonly number[] };
    readonly decisions: readonly {
      readonly closeTimeMs: number;
      readonly action: string;
      readonly confidenceBp: number;
      readonly followUp: unknown;
      readonly council?: { readonly transcript?: unknown };
    }[];
    readonly orders: readonly unknown[];
    readonly fills: readonly unknown[];
    readonly trades: readonly unknown[];
  };
}

interface Swept {
  readonly rows: readonly { readonly figures: { readonly sharpe: number | null } }[];
  readonly refused: readonly unknown[];
  readonly deflated: { readonly trials: number } | null;
  readonly overfitting: { readonly trials: number } | null;
}

interface Walked {
  readonly folds: readonly {
    readonly train: { readonly toMs: number };
    readonly test: { readonly fromMs: number; readonly toMs: number };
    readonly tried: number;
  }[];
  readonly curve: { readonly timeMs: readonly number[] };
}

interface Looked {
  readonly clean: boolean;
  readonly future: { readonly compared: number };
}

interface Listed {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}
