import type { WebSocket } from 'ws';

/** One WebSocket connection and what it listens to. */
export interface Peer {
  readonly socket: WebSocket;
  readonly streams: Set<string>;
  /** Whether messages come as `{stream, data}`. */
  readonly combined: boolean;
  /** Account of a listen key's stream. */
  readonly account: string | null;
  /** Accounts of ws-api subscriptions, by subscription id. */
  readonly subscriptions: Map<number, string>;
  alive: boolean;
  /** It is told nothing before this time. */
  mutedUntilMs: number;
}

/** The JSON object in `text`, or `null`. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return value as Record<string, unknown>;
  } catch {
    return null;
  }
}
