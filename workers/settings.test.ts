import { describe, expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const LEAST = {
  CORRO_POSTGRES_URL: 'postgres://localhost/corro',
  CORRO_NATS_URL: 'nats://localhost',
  CORRO_TEMPORAL_ADDRESS: 'localhost:7233',
};
const exchangeUrls = (text: string) =>
  readSettings({ ...LEAST, CORRO_EXCHANGE_URLS: text }).CORRO_EXCHANGE_URLS;

describe('settings', () => {
  test('servers asked instead of exchanges - are read by exchange', () => {
    expect(readSettings(LEAST).CORRO_EXCHANGE_URLS).toEqual({});
    expect(exchangeUrls('binance=http://localhost:1, kraken=https://mirror/a')).toEqual({
      binance: 'http://localhost:1',
      kraken: 'https://mirror/a',
    });
  });

  test.each(['binance', 'binance=nowhere', 'Bi nance=http://localhost', '=http://localhost'])(
    '%s - is no such list, and the error names the variable',
    (text) => {
      expect(() => exchangeUrls(text)).toThrow(/CORRO_EXCHANGE_URLS: must be exchange=url/);
    },
  );

  test('everything that is wrong - is named at once', () => {
    expect(() => readSettings({})).toThrow(/CORRO_POSTGRES_URL.*\n.*CORRO_NATS_URL/);
  });
});
