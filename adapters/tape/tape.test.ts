/** Real files on a real disk. Failure would look like: a truncated copy read as a short market. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { TapeError } from './fault.ts';
import { readCandleFile } from './tape.ts';

const folder = mkdtempSync(join(tmpdir(), 'corro-tape-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START_MS = Date.UTC(2024, 0, 1);
const NAME = 'binance-BTC-USDT-1m.csv';

function rows(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const openMs = START_MS + i * 60_000;
    return `${openMs},${100 + i},${102 + i},${99 + i},${101 + i},5,${openMs + 59_999},0,0,0,0,0\n`;
  }).join('');
}

/** A file in a folder of its own, so that names can be what the test is about. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(folder, 't-')), name);
  writeFileSync(path, content);
  return path;
}

async function errorOf(path: string, options = {}): Promise<TapeError> {
  const error: unknown = await readCandleFile(path, options).then(
    () => new Error('the file was believed'),
    (reason: unknown) => reason,
  );
  if (error instanceof TapeError) return error;
  throw error;
}

describe('tape', () => {
  test('plain and gzip, whatever the name says - the same tape', async () => {
    const text = rows(5_000);
    const plain = await readCandleFile(file(NAME, text));
    const zipped = await readCandleFile(file(NAME, gzipSync(text)));
    expect(plain).toMatchObject({
      venue: 'binance',
      symbol: 'BTC/USDT',
      base: 'BTC',
      quote: 'USDT',
      timeframe: '1m',
    });
    expect(plain.candles.length).toBe(5_000);
    expect([...zipped.candles]).toEqual([...plain.candles]);
    expect(zipped.report).toEqual(plain.report);
  });

  test('Windows line ends and no last line end - read alike', async () => {
    const text = rows(3).trimEnd().replaceAll('\n', '\r\n');
    expect((await readCandleFile(file(NAME, text))).candles.length).toBe(3);
  });

  test('a range - only its candles, the report still of the whole file', async () => {
    const path = file(NAME, rows(10));
    const range = { fromMs: START_MS + 120_000, toMs: START_MS + 300_000 };
    const tape = await readCandleFile(path, range);
    expect([tape.candles.length, tape.candles.at(0)?.open, tape.report.rows]).toEqual([3, 102, 10]);
  });

  test('a symbol and timeframe from the caller - stand above the name', async () => {
    const path = file('prices.csv', `time,open,high,low,close,volume\n1704067200,1,2,1,2,0\n`);
    const tape = await readCandleFile(path, { symbol: 'SPY/USD', timeframe: '1d' });
    expect(tape).toMatchObject({ venue: null, symbol: 'SPY/USD', timeframe: '1d' });
  });

  test('names - lower case, suffixes, dates behind the timeframe', async () => {
    const tape = await readCandleFile(file('kraken-eth-btc-1m-2024-01.csv.gz', rows(2)));
    expect([tape.venue, tape.symbol]).toEqual(['kraken', 'ETH/BTC']);
  });
});

describe('tape faults', () => {
  test.each<[string, () => string, string, string]>([
    ['no such file', () => join(folder, 'absent.csv'), 'absent', 'there is no such file'],
    ['a directory', () => directory(), 'directory', 'not a file'],
    ['an empty file', () => file(NAME, ''), 'bad_candles', 'found an empty file'],
    ['an empty gzip', () => file(NAME, gzipSync('')), 'bad_candles', 'found an empty file'],
    ['a truncated gzip', () => file(NAME, truncated()), 'truncated_gzip', 'ends too early'],
    [
      'a gzip cut in its header',
      () => file(NAME, truncated().subarray(0, 5)),
      'truncated_gzip',
      'early',
    ],
    ['a damaged gzip', () => file(NAME, damaged()), 'corrupt_gzip', 'damaged'],
    ['a zip archive', () => file(NAME, 'PK\u0003\u0004 and so on'), 'archive', 'gzip the CSV'],
    [
      'bytes that are no text',
      () => file(NAME, Uint8Array.of(0x31, 0xff, 0xfe)),
      'not_text',
      'UTF-8',
    ],
    ['one endless line', () => file(NAME, '1'.repeat(300_000)), 'long_line', 'more than 65536'],
    ['no file, of a name that says nothing', () => join(folder, 'none.csv'), 'absent', 'no such'],
    ['no symbol anywhere', () => file('prices.csv', rows(2)), 'unknown_symbol', 'give the symbol'],
  ])('%s - says so, with the path', async (_, make, code, text) => {
    const path = make();
    const options = code === 'unknown_symbol' || path.endsWith(NAME) ? {} : { symbol: 'BTC/USDT' };
    const error = await errorOf(path, options);
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect(error.message).toContain(path);
  });

  test.skipIf(process.getuid?.() === 0)('a file of somebody else - says so', async () => {
    const path = file(NAME, rows(2));
    chmodSync(path, 0o000);
    expect((await errorOf(path)).code).toBe('forbidden');
  });

  test('a bad row behind thousands of good ones - line, column, expected, found', async () => {
    const text = `${rows(4_000)}${START_MS + 4_000 * 60_000},1,NaN,1,1,1,${START_MS},0,0,0,0,0\n`;
    const error = await errorOf(file(NAME, text));
    expect(error.place).toMatchObject({
      code: 'not_a_number',
      line: 4_001,
      column: 'high (3)',
      found: '"NaN"',
    });
  });

  test('a range outside - says what the file holds', async () => {
    const error = await errorOf(file(NAME, rows(2)), { fromMs: START_MS + 1e9 });
    expect(error.code).toBe('empty_range');
    expect(error.message).toContain('2024-01-01T00:00:00.000Z to 2024-01-01T00:01:00.000Z');
  });

  test.each(['BTC', 'btc/usdt', 'BTC/USDT/X'])('the symbol %s - refused', async (symbol) => {
    expect((await errorOf(file(NAME, rows(2)), { symbol })).message).toContain(`was ${symbol}`);
  });

  test('a timeframe that is none - refused', async () => {
    const error = await errorOf(file(NAME, rows(2)), { timeframe: '7m' });
    expect([error.code, error.message.includes('was 7m')]).toEqual(['unknown_timeframe', true]);
  });

  function directory(): string {
    const path = join(mkdtempSync(join(folder, 't-')), 'folder.csv');
    mkdirSync(path);
    return path;
  }

  function truncated(): Uint8Array {
    const whole = gzipSync(rows(2_000));
    return whole.subarray(0, Math.floor(whole.length / 2));
  }

  function damaged(): Uint8Array {
    const bytes = gzipSync(rows(2_000));
    bytes.fill(0xff, 200, 260);
    return bytes;
  }
});
