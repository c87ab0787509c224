import { Refusal } from '../../core/venue/errors.ts';
import * as render from './render.ts';
import type { KeyRoute, SignedRoute } from './routes.ts';

const LISTEN_KEY = '^[a-f0-9]{64}$';

export const ACCOUNT_ROUTES: readonly SignedRoute[] = [
  {
    method: 'GET',
    path: '/api/v3/account',
    weight: 20,
    handle: ({ venue, account, parameters }) => {
      const withoutZeros = parameters.optional('omitZeroBalances') === 'true';
      parameters.finish();
      const { conditions, tapeTimeMs } = venue.state;
      return {
        makerCommission: conditions.makerFeeBps,
        takerCommission: conditions.takerFeeBps,
        buyerCommission: 0,
        sellerCommission: 0,
        canTrade: true,
        canWithdraw: false,
        canDeposit: false,
        requireSelfTradePrevention: false,
        updateTime: tapeTimeMs ?? 0,
        accountType: 'SPOT',
        balances: [...venue.state.accounts.balances(account)]
          .filter(([, { free, locked }]) => !withoutZeros || free.plus(locked).gt(0))
          .map(([asset, balance]) => render.balance(asset, balance)),
        permissions: ['SPOT'],
      };
    },
  },
];

/** The older way to a user stream: a key that opens it. */
export const LISTEN_KEY_ROUTES: readonly KeyRoute[] = [
  {
    method: 'POST',
    path: '/api/v3/userDataStream',
    weight: 2,
    handle: ({ account, listenKeys }) => ({ listenKey: listenKeys.issue(account) }),
  },
  {
    method: 'PUT',
    path: '/api/v3/userDataStream',
    weight: 2,
    handle: ({ account, listenKeys, parameters }) => {
      const kept = listenKeys.keep(account, parameters.text('listenKey', LISTEN_KEY));
      if (!kept) throw new Refusal('listenKey');
      return {};
    },
  },
  {
    method: 'DELETE',
    path: '/api/v3/userDataStream',
    weight: 2,
    handle: ({ account, listenKeys, parameters }) => {
      const dropped = listenKeys.drop(account, parameters.text('listenKey', LISTEN_KEY));
      if (!dropped) throw new Refusal('listenKey');
      return {};
    },
  },
];
