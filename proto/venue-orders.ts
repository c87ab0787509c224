import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  count,
  invalid,
  list,
  matching,
  present,
  symbol,
  text,
  timeMs,
  timeToWire,
  token,
  whole,
} from './fields.ts';
import {
  AccountReplySchema,
  AccountRequestSchema,
  ExecutionSchema,
  type OpenOrder as OpenOrderMessage,
  OrderCancelReplySchema,
  OrderKeyRequestSchema,
  type OrderNewReply,
  OrderNewReplySchema,
  type OrderNewRequest,
  OrderNewRequestSchema,
  OrderQueryReplySchema,
  OrdersOpenReplySchema,
  OrdersOpenRequestSchema,
  type Trade as TradeMessage,
  type TradeSchema,
  TradesReplySchema,
  TradesRequestSchema,
} from './gen/corro/v1/venue_pb.ts';
import {
  type Answer,
  account,
  amount,
  asset,
  branch,
  type Codec,
  chosen,
  clientOrderId,
  codec,
  faultToCore,
  faultToWire,
  optional,
  orderTypes,
  positiveAmount,
  printable,
  sides,
  statuses,
  timesInForce,
  venueId,
} from './venue-codec.ts';
import type {
  AccountReport,
  CancelOutcome,
  Execution,
  NewOrderRequest,
  OpenOrder,
  OrderKey,
  OrderReport,
  SendOutcome,
  Trade,
  TradesQuery,
} from './venue-messages.ts';

/** An exchange answers at most 1,000 rows to a question. */
const MOST_ROWS = 1_000;
const MOST_BALANCES = 5_000;

export const newOrder: Codec<NewOrderRequest> = codec(OrderNewRequestSchema, {
  toWire: (order) => ({
    account: order.account,
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: sides.toWire(order.side, 'side'),
    type: orderTypes.toWire(order.type, 'type'),
    quantity: order.quantity,
    leaseName: order.lease.name,
    leaseEpoch: order.lease.epoch,
    deadlineMs: timeToWire(order.deadlineMs, 'deadlineMs'),
    ...(order.timeInForce === null
      ? {}
      : { timeInForce: timesInForce.toWire(order.timeInForce, 'timeInForce') }),
    ...(order.limitPrice === null ? {} : { limitPrice: order.limitPrice }),
    ...(order.stopPrice === null ? {} : { stopPrice: order.stopPrice }),
  }),
  toCore: newOrderToCore,
});

function newOrderToCore(message: OrderNewRequest): NewOrderRequest {
  const type = orderTypes.toCore(message.type, 'type');
  const isLimit = type !== 'MARKET';
  const isStop = type === 'STOP_LOSS_LIMIT';
  for (const field of ['timeInForce', 'limitPrice'] as const) {
    if ((message[field] !== undefined) !== isLimit) {
      throw invalid(field, 'given for LIMIT and absent for MARKET');
    }
  }
  if ((message.stopPrice !== undefined) !== isStop) {
    throw invalid('stopPrice', 'given for STOP_LOSS_LIMIT alone');
  }
  const epoch = { pattern: /^[1-9][0-9]{0,18}$/, says: 'a positive integer' };
  return {
    account: account(message.account, 'account'),
    clientOrderId: clientOrderId(message.clientOrderId, 'clientOrderId'),
    symbol: symbol(message.symbol, 'symbol'),
    side: sides.toCore(message.side, 'side'),
    type,
    timeInForce: isLimit ? timesInForce.toCore(message.timeInForce, 'timeInForce') : null,
    quantity: positiveAmount(message.quantity, 'quantity'),
    limitPrice: isLimit ? positiveAmount(message.limitPrice, 'limitPrice') : null,
    stopPrice: isStop ? positiveAmount(message.stopPrice, 'stopPrice') : null,
    lease: {
      name: token(message.leaseName, 'leaseName'),
      epoch: matching(message.leaseEpoch, 'leaseEpoch', epoch),
    },
    deadlineMs: timeMs(message.deadlineMs, 'deadlineMs'),
  };
}

export const sendOutcome: Codec<SendOutcome> = codec(OrderNewReplySchema, {
  toWire: sendOutcomeToWire,
  toCore: sendOutcomeToCore,
});

function sendOutcomeToWire(outcome: SendOutcome): MessageInitShape<typeof OrderNewReplySchema> {
  switch (outcome.state) {
    case 'accepted': {
      const status = statuses.toWire(outcome.status, 'status');
      const signedAtMs = timeToWire(outcome.signedAtMs, 'signedAtMs');
      const { venueOrderId, executedQuantity } = outcome;
      const value = { venueOrderId, executedQuantity, status, signedAtMs };
      return branch('accepted', value);
    }
    case 'rejected': {
      const value = { code: outcome.code, text: printable(outcome.text) };
      return branch('rejected', value);
    }
    case 'unknown': {
      const value = {
        why: printable(outcome.why),
        signedAtMs: timeToWire(outcome.signedAtMs, 'signedAtMs'),
        validUntilMs: timeToWire(outcome.validUntilMs, 'validUntilMs'),
      };
      return branch('unknown', value);
    }
    case 'refused':
      return branch('refused', { why: printable(outcome.why) });
  }
}

function sendOutcomeToCore(message: OrderNewReply): SendOutcome {
  const outcome = chosen(message.outcome);
  switch (outcome.case) {
    case 'accepted':
      return {
        state: 'accepted',
        venueOrderId: venueId(outcome.value.venueOrderId, 'accepted.venueOrderId'),
        status: statuses.toCore(outcome.value.status, 'accepted.status'),
        executedQuantity: amount(outcome.value.executedQuantity, 'accepted.executedQuantity'),
        signedAtMs: timeMs(outcome.value.signedAtMs, 'accepted.signedAtMs'),
      };
    case 'rejected':
      return {
        state: 'rejected',
        code: venueId(outcome.value.code, 'rejected.code'),
        text: text(outcome.value.text, 'rejected.text'),
      };
    case 'unknown':
      return {
        state: 'unknown',
        why: text(outcome.value.why, 'unknown.why'),
        signedAtMs: timeMs(outcome.value.signedAtMs, 'unknown.signedAtMs'),
        validUntilMs: timeMs(outcome.value.validUntilMs, 'unknown.validUntilMs'),
      };
    case 'refused':
      return { state: 'refused', why: text(outcome.value.why, 'refused.why') };
  }
}

export const orderKey: Codec<OrderKey> = codec(OrderKeyRequestSchema, {
  toWire: (key) => ({ ...key }),
  toCore: (message) => ({
    account: account(message.account, 'account'),
    symbol: symbol(message.symbol, 'symbol'),
    clientOrderId: clientOrderId(message.clientOrderId, 'clientOrderId'),
  }),
});

export const orderReport: Codec<Answer<OrderReport>> = codec(OrderQueryReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const report = answer.value;
    const venueTimeMs = timeToWire(report.venueTimeMs, 'venueTimeMs');
    if (!report.found) return branch('absent', { venueTimeMs });
    const { venueOrderId, executedQuantity } = report;
    const status = statuses.toWire(report.status, 'status');
    const value = { venueOrderId, executedQuantity, status, venueTimeMs };
    return branch('found', value);
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const venueTimeMs = timeMs(outcome.value.venueTimeMs, 'venueTimeMs');
    if (outcome.case === 'absent') return { ok: true, value: { found: false, venueTimeMs } };
    const value = {
      found: true,
      venueOrderId: venueId(outcome.value.venueOrderId, 'found.venueOrderId'),
      status: statuses.toCore(outcome.value.status, 'found.status'),
      executedQuantity: amount(outcome.value.executedQuantity, 'found.executedQuantity'),
      venueTimeMs,
    } as const;
    return { ok: true, value };
  },
});

export const cancelOutcome: Codec<CancelOutcome> = codec(OrderCancelReplySchema, {
  toWire: (outcome) => {
    if (outcome.state === 'not_open') return branch('notOpen', {});
    if (outcome.state === 'unknown') {
      return branch('unknown', { why: printable(outcome.why) });
    }
    const { venueOrderId, executedQuantity } = outcome;
    return branch('cancelled', { venueOrderId, executedQuantity });
  },
  toCore: (message): CancelOutcome => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'notOpen') return { state: 'not_open' };
    if (outcome.case === 'unknown') {
      return { state: 'unknown', why: text(outcome.value.why, 'unknown.why') };
    }
    return {
      state: 'cancelled',
      venueOrderId: venueId(outcome.value.venueOrderId, 'cancelled.venueOrderId'),
      executedQuantity: amount(outcome.value.executedQuantity, 'cancelled.executedQuantity'),
    };
  },
});

export interface OpenOrdersQuery {
  readonly account: string;
  readonly symbol?: string;
}

export const openOrdersQuery: Codec<OpenOrdersQuery> = codec(OrdersOpenRequestSchema, {
  toWire: (query) => ({ ...query }),
  toCore: (message) => {
    const named = optional(message.symbol, 'symbol', symbol);
    const owner = account(message.account, 'account');
    return named === undefined ? { account: owner } : { account: owner, symbol: named };
  },
});

export const openOrders: Codec<Answer<readonly OpenOrder[]>> = codec(OrdersOpenReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const orders = answer.value.map(({ limitPrice, stopPrice, ...order }) => ({
      ...order,
      side: sides.toWire(order.side, 'side'),
      type: orderTypes.toWire(order.type, 'type'),
      status: statuses.toWire(order.status, 'status'),
      ...(limitPrice === null ? {} : { limitPrice }),
      ...(stopPrice === null ? {} : { stopPrice }),
    }));
    return branch('orders', { orders });
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const rows = { cap: MOST_ROWS, item: openOrderToCore };
    return { ok: true, value: list(outcome.value.orders, 'orders', rows) };
  },
});

function openOrderToCore(message: OpenOrderMessage, path: string): OpenOrder {
  return {
    // Not ours to choose: a person may have placed it with any id.
    clientOrderId: venueId(message.clientOrderId, `${path}.clientOrderId`),
    venueOrderId: venueId(message.venueOrderId, `${path}.venueOrderId`),
    symbol: symbol(message.symbol, `${path}.symbol`),
    side: sides.toCore(message.side, `${path}.side`),
    type: orderTypes.toCore(message.type, `${path}.type`),
    status: statuses.toCore(message.status, `${path}.status`),
    quantity: positiveAmount(message.quantity, `${path}.quantity`),
    executedQuantity: amount(message.executedQuantity, `${path}.executedQuantity`),
    limitPrice: optional(message.limitPrice, `${path}.limitPrice`, positiveAmount) ?? null,
    stopPrice: optional(message.stopPrice, `${path}.stopPrice`, positiveAmount) ?? null,
  };
}

export const tradesQuery: Codec<TradesQuery> = codec(TradesRequestSchema, {
  toWire: (query) => ({ ...query }),
  toCore: (message) => {
    const venueOrderId = optional(message.venueOrderId, 'venueOrderId', venueId);
    const fromTradeId = optional(message.fromTradeId, 'fromTradeId', venueId);
    const limit = optional(message.limit, 'limit', (value, path) =>
      whole(value, path, [1, MOST_ROWS]),
    );
    return {
      account: account(message.account, 'account'),
      symbol: symbol(message.symbol, 'symbol'),
      ...(venueOrderId === undefined ? {} : { venueOrderId }),
      ...(fromTradeId === undefined ? {} : { fromTradeId }),
      ...(limit === undefined ? {} : { limit: count(limit, 'limit') }),
    };
  },
});

export const trades: Codec<Answer<readonly Trade[]>> = codec(TradesReplySchema, {
  toWire: (answer) =>
    answer.ok
      ? branch('trades', { trades: answer.value.map(tradeToWire) })
      : branch('fault', faultToWire(answer.fault)),
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const rows = { cap: MOST_ROWS, item: tradeToCore };
    return { ok: true, value: list(outcome.value.trades, 'trades', rows) };
  },
});

function tradeToWire(trade: Trade): MessageInitShape<typeof TradeSchema> {
  const side = sides.toWire(trade.side, 'side');
  return { ...trade, side, timeMs: timeToWire(trade.timeMs, 'timeMs') };
}

function tradeToCore(message: TradeMessage, path: string): Trade {
  const ours = optional(message.clientOrderId, `${path}.clientOrderId`, venueId);
  return {
    tradeId: venueId(message.tradeId, `${path}.tradeId`),
    ...(ours === undefined ? {} : { clientOrderId: ours }),
    venueOrderId: venueId(message.venueOrderId, `${path}.venueOrderId`),
    symbol: symbol(message.symbol, `${path}.symbol`),
    side: sides.toCore(message.side, `${path}.side`),
    quantity: positiveAmount(message.quantity, `${path}.quantity`),
    price: positiveAmount(message.price, `${path}.price`),
    fee: amount(message.fee, `${path}.fee`),
    feeAsset: asset(message.feeAsset, `${path}.feeAsset`),
    timeMs: timeMs(message.timeMs, `${path}.timeMs`),
  };
}

export const accountQuery: Codec<{ readonly account: string }> = codec(AccountRequestSchema, {
  toWire: (query) => ({ ...query }),
  toCore: (message) => ({ account: account(message.account, 'account') }),
});

export const accountReport: Codec<Answer<AccountReport>> = codec(AccountReplySchema, {
  toWire: (answer) => {
    if (!answer.ok) return branch('fault', faultToWire(answer.fault));
    const balances = answer.value.balances.map((balance) => ({ ...balance }));
    return branch('balances', { balances });
  },
  toCore: (message) => {
    const outcome = chosen(message.outcome);
    if (outcome.case === 'fault') return faultToCore(outcome.value);
    const balances = list(outcome.value.balances, 'balances', {
      cap: MOST_BALANCES,
      item: (balance, path) => ({
        asset: asset(balance.asset, `${path}.asset`),
        free: amount(balance.free, `${path}.free`),
        locked: amount(balance.locked, `${path}.locked`),
      }),
    });
    return { ok: true, value: { balances } };
  },
});

export const execution: Codec<Execution> = codec(ExecutionSchema, {
  toWire: ({ trade, ...change }) => ({
    ...change,
    status: statuses.toWire(change.status, 'status'),
    ...(trade === null ? {} : { trade: tradeToWire(trade) }),
  }),
  toCore: (message) => ({
    account: account(message.account, 'account'),
    clientOrderId: venueId(message.clientOrderId, 'clientOrderId'),
    venueOrderId: venueId(message.venueOrderId, 'venueOrderId'),
    symbol: symbol(message.symbol, 'symbol'),
    status: statuses.toCore(message.status, 'status'),
    executedQuantity: amount(message.executedQuantity, 'executedQuantity'),
    trade:
      message.trade === undefined ? null : tradeToCore(present(message.trade, 'trade'), 'trade'),
  }),
});
