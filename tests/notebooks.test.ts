import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookFills } from '../adapters/store/fills.ts';
import { type LegRequest, prepareOrder } from '../adapters/store/intents.ts';
import { beginSend, recordOrderEvent } from '../adapters/store/orders.ts';
import { simulate } from '../core/backtest/simulate.ts';
import { makeStrategy } from '../core/backtest/strategies/list.ts';
import { assess } from '../core/judgement/assess.ts';
import { holdRun } from '../core/judgement/hold.ts';
import { ensurePython, type PythonEnvironment } from '../ops/python/environment.ts';
import { runPython } from '../ops/python/run.ts';
import { renderJson } from '../ops/research/report/json.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import { madeUpSeries, PYTHON_TIMEOUT_MS } from './models-maker.ts';
import { decidedLeg, fundedTrader, prepareMarket } from './orders-samples.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

// Failure here looks like: a notebook of the documents that no longer runs on what Corro writes,
// draws nothing, or was committed with what it said on somebody's machine.

const FOLDER = join(REPOSITORY, 'docs/notebooks');
const NOTEBOOKS = readdirSync(FOLDER).filter((name) => name.endsWith('.ipynb'));

interface Notebook {
  readonly cells: readonly {
    readonly cell_type: string;
    readonly outputs?: readonly unknown[];
    readonly execution_count?: number | null;
  }[];
}

interface Executed {
  readonly figures: number;
  readonly said: string;
}

describe('notebooks', () => {
  let folder: string;
  let python: PythonEnvironment;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'corro-notebooks-'));
    python = await ensurePython('training');
    database = await openTestDatabase();
  }, PYTHON_TIMEOUT_MS);
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function execute(
    name: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<Executed> {
    const own = { IPYTHONDIR: folder, MPLCONFIGDIR: folder };
    const flags = ['-m', 'corro_training.notebook', join(FOLDER, name)];
    const ended = await runPython(python, flags, {
      cwd: folder,
      timeoutMs: PYTHON_TIMEOUT_MS,
      environment: { ...own, ...environment },
    });
    expect(ended.code, ended.stderr).toBe(0);
    return JSON.parse(ended.stdout) as Executed;
  }

  test.each(NOTEBOOKS)('%s - is committed without what it said', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const { cells } = JSON.parse(text) as Notebook;
    const code = cells.filter((cell) => cell.cell_type === 'code');
    expect(code.length).toBeGreaterThan(3);
    for (const cell of code) expect(cell).toMatchObject({ outputs: [], execution_count: null });
    expect(text).not.toMatch(/\/(home|root|Users|work|tmp)\//);
  });

  test('there is one for a result, for arms and for the books', () => {
    expect(NOTEBOOKS.sort()).toEqual([
      'compare-arms.ipynb',
      'decisions-from-postgres.ipynb',
      'read-a-backtest.ipynb',
    ]);
  });

  test.each([
    ['council', 3],
    ['trend-following', 3],
  ] as const)(
    '%s - its result is read, drawn and compared',
    async (name, figures) => {
      const path = join(folder, `${name}.json`);
      writeFileSync(path, documentOf(name));
      const read = await execute('read-a-backtest.ipynb', { CORRO_RESULT: path });
      expect(read.figures).toBe(figures);
      expect(read.said).toContain(name);
      const compared = await execute('compare-arms.ipynb', { CORRO_RESULT: path });
      expect(compared.figures).toBe(1);
      for (const arm of ['mean-reversion', 'hold']) expect(compared.said).toContain(`${arm}: `);
    },
    PYTHON_TIMEOUT_MS,
  );

  test(
    'books - decisions, votes and fills are read and drawn',
    async () => {
      await prepareMarket(database.db);
      const trader = await fundedTrader(database.db);
      for (const action of ['BUY', 'HOLD', 'BUY', 'SELL'] as const) {
        const leg = await decidedLeg(database.db, trader, { action });
        if (action !== 'HOLD') await tradeLeg(database, leg);
      }
      const { figures, said } = await execute('decisions-from-postgres.ipynb', {
        CORRO_DATABASE_URL: database.url,
      });
      expect(figures).toBe(3);
      expect(said).toContain('debate changed the action of 3 of 4 decisions');
      expect(said).toMatch(/BTC\/USDT +BUY/);
    },
    PYTHON_TIMEOUT_MS,
  );
});

/** What `corro backtest --arms --out` writes, of a made-up market. */
function documentOf(name: string): string {
  const series = madeUpSeries(2_000, { markets: 2, timeframe: '1h' });
  const run = (strategy: string) =>
    simulate({ series, strategy: makeStrategy(strategy, {}, { gear: 'lean' }), gear: 'lean' });
  const result = run(name);
  const arms = [{ name: 'mean-reversion', run: run('mean-reversion') }];
  return renderJson({
    result,
    assessment: assess({ result, series, arms }),
    markets: [],
    hold: holdRun(result, series).curve.equity,
    madeAt: '2024-01-01T00:00:00.000Z',
    command: './corro backtest',
    versions: {},
  });
}

/** One order for a leg, taken and filled whole by the venue, and booked. */
async function tradeLeg({ db }: TestDatabase, leg: LegRequest): Promise<void> {
  const preparation = await prepareOrder(db, leg, 'test');
  if (preparation.kind === 'refused') throw new Error(preparation.refusal.text);
  const { clientOrderId, parameters, marketTimeMs } = preparation.order;
  const { symbol, side, quantity } = parameters;
  await beginSend(db, { clientOrderId, holder: 'test' });
  const venueOrderId = `venue-${clientOrderId}`;
  const filled = { event: 'report_filled', venueOrderId, executedQuantity: quantity } as const;
  await recordOrderEvent(db, clientOrderId, filled);
  const price = leg.referencePrice;
  const trade = { tradeId: `${venueOrderId}-0`, venueOrderId, symbol, side, quantity, price };
  const costs = { fee: '0.1', feeAsset: 'USDT', timeMs: marketTimeMs };
  await bookFills(db, clientOrderId, [{ ...trade, ...costs }]);
}
