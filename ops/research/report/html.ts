import type { BacktestResult } from '../../../core/backtest/result.ts';
import type { Decision } from '../../../core/backtest/strategy.ts';
import { assemble, type PageScript } from './assemble.ts';
import { factsOf } from './facts.ts';
import type { ReportInput, ReportMarket } from './input.ts';
import { pack, packColumn, packTexts, scriptJson } from './pack.ts';
import type { BulkData, Detail, PageData, PricesData } from './page-data.ts';
import { calibrationCurves } from './scores.ts';

/** Decisions in one packed piece: enough to repeat each other's words, few enough to be unpacked
 * by a click without being felt. */
const DETAILS_IN_PIECE = 64;
/** Digits of the evidence that the page shows; the JSON form has them all. */
const EVIDENCE_DIGITS = 6;
/** Decimals of a curve's points: an eighth of a millionth of any capital is below a pixel. */
const CURVE_DIGITS = 8;

/** One file that needs nothing but a browser: no network, no fonts, no other file. */
export function renderHtml(input: ReportInput): string {
  return [...htmlChunks(input)].join('');
}

/** The same, piece by piece, made as they are asked for: together they may be longer than a string
 * can be. */
export function htmlChunks(input: ReportInput): Generator<string> {
  return assemble(scriptsOf(input));
}

function* scriptsOf(input: ReportInput): Generator<PageScript> {
  const { result, assessment } = input;
  const { quote, capital } = result.account;
  const hasDetails = result.decisions.some(({ council }) => council !== undefined);
  const page: PageData = {
    facts: factsOf(input),
    gear: result.gear,
    account: { quote, capital },
    detailsInPiece: DETAILS_IN_PIECE,
    hasDetails,
    calibration: calibrationCurves(assessment),
  };
  yield { id: 'page', type: 'application/json', text: scriptJson(page) };
  yield { id: 'bulk', type: 'text/plain', text: pack(bulkOf(input)) };
  if (hasDetails) yield* detailScripts(result.decisions);
}

function bulkOf({ result, markets, hold }: ReportInput): BulkData {
  const { curve, fills, orders, trades, decisions } = result;
  const capital = Math.max(1e-8, Number(result.account.capital));
  const places = Math.max(0, CURVE_DIGITS - Math.ceil(Math.log10(capital)));
  const rounded = (values: readonly number[]) =>
    packColumn(values.map((value) => Math.round(value * 10 ** places) / 10 ** places));
  return {
    curve: {
      timeMs: packColumn(curve.timeMs),
      equity: rounded(curve.equity),
      exposure: packColumn(curve.exposure.map((share) => Math.round(share * 1e4) / 1e4)),
      hold: hold === null ? null : rounded(hold),
    },
    prices: markets.map(pricesOf),
    fills,
    orders,
    trades,
    decisions: {
      timeMs: packColumn(decisions.map((decision) => decision.closeTimeMs)),
      symbol: packTexts(decisions.map((decision) => decision.symbol)),
      action: packTexts(decisions.map((decision) => decision.action)),
      confidenceBp: packColumn(decisions.map((decision) => decision.confidenceBp)),
      outcome: packTexts(decisions.map(outcomeOf)),
      verdict: packTexts(decisions.map(({ council }) => council?.verdict ?? '')),
      trigger: packTexts(decisions.map(({ council }) => council?.trigger ?? '')),
      why: packTexts(decisions.map((decision) => decision.why)),
    },
  };
}

function outcomeOf({ followUp }: Decision): string {
  switch (followUp.kind) {
    case 'order':
      return 'order';
    case 'escalate':
      return 'asked, no answer';
    case 'nothing':
      return followUp.why;
  }
}

function pricesOf({ symbol, candles }: ReportMarket): PricesData {
  const all = [...candles];
  return {
    symbol,
    openTimeMs: packColumn(all.map((candle) => candle.openTimeMs)),
    open: packColumn(all.map((candle) => candle.open)),
    high: packColumn(all.map((candle) => candle.high)),
    low: packColumn(all.map((candle) => candle.low)),
    close: packColumn(all.map((candle) => candle.close)),
  };
}

function* detailScripts(decisions: BacktestResult['decisions']): Generator<PageScript> {
  for (let at = 0; at < decisions.length; at += DETAILS_IN_PIECE) {
    const piece = decisions.slice(at, at + DETAILS_IN_PIECE).map(detailOf);
    const text = pack(piece, shortEvidence);
    yield { id: `d${at / DETAILS_IN_PIECE}`, type: 'text/plain', text };
  }
}

/** The argued positions of a judgement repeat what was said, and ids of mail tell a reader
 * nothing: both stay out. */
function detailOf({ council }: Decision): Detail | null {
  if (council === undefined) return null;
  const { transcript, judgement, arms, opinions, rounds, contested } = council;
  const said = transcript?.map(({ round, kind, role, content }) => ({
    round,
    kind,
    role,
    content,
  }));
  return {
    said: said ?? null,
    votes: judgement?.votes ?? null,
    verdict: judgement?.verdict ?? null,
    arms,
    calls: said === undefined ? opinions : [],
    rounds,
    contested,
  };
}

/** Doubles with seventeen digits are what does not pack. */
function shortEvidence(key: string, value: unknown): unknown {
  if (key !== 'value' || typeof value !== 'number') return value;
  return Number(value.toPrecision(EVIDENCE_DIGITS));
}
