import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Search attributes of Corro's workflows: what the Temporal Web UI lists and filters by. The stack
 * registers them; a list attribute holds one value per motion of a docket. */
export const SEARCH_ATTRIBUTES = {
  Symbol: 'KeywordList',
  Timeframe: 'Keyword',
  Verdict: 'KeywordList',
  CandleClose: 'Datetime',
  Trigger: 'KeywordList',
  CorroUser: 'Keyword',
} as const;

const { KEYWORD, KEYWORD_LIST, DATETIME } = SearchAttributeType;

export const SYMBOL = defineSearchAttributeKey('Symbol', KEYWORD_LIST);
export const TIMEFRAME = defineSearchAttributeKey('Timeframe', KEYWORD);
export const VERDICT = defineSearchAttributeKey('Verdict', KEYWORD_LIST);
export const CANDLE_CLOSE = defineSearchAttributeKey('CandleClose', DATETIME);
export const TRIGGER = defineSearchAttributeKey('Trigger', KEYWORD_LIST);
export const CORRO_USER = defineSearchAttributeKey('CorroUser', KEYWORD);
