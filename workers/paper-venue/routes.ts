import { ACCOUNT_ROUTES, LISTEN_KEY_ROUTES } from './account-routes.ts';
import type { Occasion } from './fault-script.ts';
import type { Lies } from './lies.ts';
import type { ListenKeys } from './listen-keys.ts';
import { MARKET_ROUTES } from './market-routes.ts';
import { ORDER_ROUTES } from './orders-routes.ts';
import type { Parameters } from './parameters.ts';
import type { PaperVenue } from './venue.ts';

export interface PublicCall {
  readonly venue: PaperVenue;
  readonly parameters: Parameters;
  readonly lies: Lies;
  /** The venue's clock, as this request sees it. */
  readonly nowMs: number;
}

export interface AccountCall extends PublicCall {
  readonly account: string;
  readonly listenKeys: ListenKeys;
}

interface Shape<Call> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Request weight, as Binance counts it. */
  readonly weight: number;
  /** Throws `Refusal`. What it returns is sent as JSON once it is on the disk. */
  handle(call: Call): unknown;
}
export type PublicRoute = Shape<PublicCall>;
export type KeyRoute = Shape<AccountCall>;
export type SignedRoute = Shape<AccountCall>;

/** A route with what a caller must show: nothing, an API key, or a key and a signature. */
export type Route =
  | ({ readonly security: 'none' } & PublicRoute)
  | ({ readonly security: 'key' | 'signed' } & SignedRoute);

const TABLE: readonly Route[] = [
  ...MARKET_ROUTES.map((route) => ({ security: 'none' as const, ...route })),
  ...LISTEN_KEY_ROUTES.map((route) => ({ security: 'key' as const, ...route })),
  ...[...ACCOUNT_ROUTES, ...ORDER_ROUTES].map((route) => ({
    security: 'signed' as const,
    ...route,
  })),
];

export const ROUTES: ReadonlyMap<string, Route> = new Map(
  TABLE.map((route) => [`${route.method} ${route.path}`, route]),
);

const NAMES: Readonly<Record<string, Occasion>> = {
  'POST /api/v3/order': 'new-order',
  'DELETE /api/v3/order': 'cancel',
  'GET /api/v3/order': 'query',
  'GET /api/v3/openOrders': 'orders-open',
  'GET /api/v3/myTrades': 'trades',
  'GET /api/v3/account': 'account',
  'GET /api/v3/depth': 'depth',
  'GET /api/v3/klines': 'klines',
  'GET /api/v3/time': 'time',
  'GET /api/v3/exchangeInfo': 'instruments',
};

/** How a fault's rule names a request to this route; `null`: none can. */
export function occasionOf({ method, path }: Route): Occasion | null {
  return NAMES[`${method} ${path}`] ?? null;
}
