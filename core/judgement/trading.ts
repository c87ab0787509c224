import type { FillRecord, Trade } from '../backtest/result.ts';
import { Decimal, divide, format } from '../market/money.ts';
import type { Metrics } from './assessment.ts';

type TradeFigures = Pick<
  Metrics,
  'trades' | 'openTrades' | 'winRate' | 'profitFactor' | 'expectancy' | 'expectancyReturn'
>;

/** Of closed trades, after fees. A trade that made exactly nothing is neither a winner nor a loser;
 * it counts among the trades. */
export function tradeFigures(trades: readonly Trade[]): TradeFigures {
  let [won, lost, wins, returns, closed] = [0, 0, 0, 0, 0];
  for (const trade of trades) {
    if (trade.closedAtMs === null) continue;
    const profit = Number(trade.profit);
    closed += 1;
    returns += trade.return;
    if (profit > 0) {
      wins += 1;
      won += profit;
    } else lost -= profit;
  }
  const openTrades = trades.length - closed;
  const counts = { trades: closed, openTrades };
  if (closed === 0) {
    return {
      ...counts,
      winRate: null,
      profitFactor: null,
      expectancy: null,
      expectancyReturn: null,
    };
  }
  return {
    ...counts,
    winRate: wins / closed,
    profitFactor: lost > 0 ? won / lost : null,
    expectancy: (won - lost) / closed,
    expectancyReturn: returns / closed,
  };
}

/** Price × quantity of all fills, buys and sells, quote units: an observation. */
export function tradedValue(fills: readonly FillRecord[]): number {
  let value = 0;
  for (const { quantity, price } of fills) value += Number(quantity) * Number(price);
  return value;
}

/** All fees in the account's quote, exactly. A fee taken in the asset that was bought is worth the
 * fill's price; one taken in anything else has no price here, and the sum is `null`. */
export function feesPaid(fills: readonly FillRecord[], quote: string): string | null {
  let sum = Decimal.of(0);
  for (const { symbol, fee, feeAsset, price } of fills) {
    if (feeAsset === quote) sum = sum.plus(fee);
    else if (feeAsset === symbol.split('/')[0] && symbol.endsWith(`/${quote}`)) {
      sum = sum.plus(Decimal.of(fee).times(price));
    } else if (Number(fee) !== 0) return null;
  }
  return format(divide(sum, Decimal.of(1)));
}
