import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ListenKeys } from './listen-keys.ts';
import { isStream, MarketStreams } from './market-streams.ts';
import { type Peer, parseObject } from './peer.ts';
import type { Json } from './render.ts';
import { userMessages } from './user-streams.ts';
import { type ApiContext, answerApi } from './ws-api.ts';

const MOST_STREAMS = 1_024;
const MOST_CONNECTIONS = 500;
/** A reader this far behind is cut off: it would read stale prices, and the venue would hold them.
 */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024;
const PING_MS = 20_000;

/** Binance's WebSocket doors: `/ws`, `/stream` and `/ws-api/v3`. */
export class Sockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024,
    autoPong: false,
  });
  readonly #peers = new Set<Peer>();
  readonly #api: ApiContext;
  readonly #listenKeys: ListenKeys;
  readonly #streams: MarketStreams;
  /** Reports that wait for the account's next one. */
  readonly #held = new Map<string, readonly (() => void)[]>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(context: ApiContext & { readonly listenKeys: ListenKeys }) {
    this.#api = context;
    this.#listenKeys = context.listenKeys;
    this.#streams = new MarketStreams(context.venue);
    context.venue.listen((event) => {
      if (this.#peers.size === 0) return;
      for (const { stream, data } of this.#streams.messages(event)) this.#publish(stream, data);
      for (const { account, data } of userMessages(context.venue.state, event)) {
        this.#report(account, data);
      }
    });
    this.#heartbeat = setInterval(() => this.#beat(), PING_MS);
    this.#heartbeat.unref();
  }

  get connections(): number {
    return this.#peers.size;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const url = new URL(request.url ?? '/', 'http://venue');
    const known = /^\/(ws|stream|ws-api\/v3)(\/|$)/.test(url.pathname);
    if (!known || this.#peers.size >= MOST_CONNECTIONS) {
      socket.end(`HTTP/1.1 ${known ? '503 Service Unavailable' : '404 Not Found'}\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws, url));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { socket } of this.#peers) socket.terminate();
    this.#server.close();
  }

  #welcome(socket: WebSocket, url: URL): void {
    const named = url.pathname.startsWith('/ws/') ? url.pathname.slice('/ws/'.length) : '';
    const listed = url.searchParams.get('streams')?.split('/') ?? [];
    const peer: Peer = {
      socket,
      streams: new Set(),
      combined: url.pathname.startsWith('/stream'),
      account: this.#listenKeys.account(named),
      subscriptions: new Map(),
      alive: true,
      mutedUntilMs: 0,
    };
    for (const stream of [named, ...listed]) this.#subscribe(peer, stream);
    this.#peers.add(peer);
    const isApi = url.pathname.startsWith('/ws-api');
    socket.on('message', (data) => {
      const text = (data as Buffer).toString('utf8');
      if (isApi) void answerApi(this.#api, peer, text).then((reply) => deliver(peer, reply));
      else deliver(peer, this.#command(peer, text));
    });
    socket.on('pong', () => {
      peer.alive = true;
    });
    socket.on('ping', (data) => {
      if (!isMuted(peer)) socket.pong(data);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#peers.delete(peer));
  }

  #subscribe(peer: Peer, stream: string): boolean {
    if (!isStream(stream) || peer.streams.size >= MOST_STREAMS) return false;
    this.#streams.follow(stream);
    peer.streams.add(stream);
    return true;
  }

  /** `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, with Binance's answers. */
  #command(peer: Peer, text: string): Json {
    const request = parseObject(text);
    if (!request) return { error: { code: 3, msg: 'Invalid JSON: expected value' } };
    const { id, method, params } = request;
    const names = Array.isArray(params) ? params.map(String) : [];
    if (method === 'LIST_SUBSCRIPTIONS') return { result: [...peer.streams], id };
    if (method === 'SUBSCRIBE' && names.every((name) => this.#subscribe(peer, name))) {
      return { result: null, id };
    }
    if (method === 'UNSUBSCRIBE') {
      for (const name of names) peer.streams.delete(name);
      return { result: null, id };
    }
    const msg = 'Invalid request: unknown method or stream';
    return { error: { code: 2, msg }, id: id ?? null };
  }

  #publish(stream: string, data: Json): void {
    for (const peer of this.#peers) {
      if (peer.streams.has(stream)) deliver(peer, peer.combined ? { stream, data } : data);
    }
  }

  /** Tells an account of a change, unless a rule of the fault script says otherwise. */
  #report(account: string, data: Json): void {
    const { venue } = this.#api;
    const isReport = data['e'] === 'executionReport';
    if (!isReport || !venue.faults.active) return this.#tellUser(account, data);
    const moment = { on: 'stream', account, marketMs: venue.state.tapeTimeMs } as const;
    const fired = venue.faults.fire(moment);
    const orderId = Number(data['i']);
    let [times, delayMs, isHeld] = [1, 0, false];
    for (const one of fired) {
      const { delayMs: wait, forMs } = one.parameters;
      if (one.fault === 'report-lost') times = 0;
      if (one.fault === 'report-duplicated') times = 2;
      if (one.fault === 'report-late') delayMs = wait;
      if (one.fault === 'report-reordered') isHeld = true;
      if (one.fault === 'socket-drop') for (const { socket } of this.#peers) socket.terminate();
      if (one.fault === 'socket-silent') {
        for (const peer of this.#peers) peer.mutedUntilMs = Date.now() + forMs;
      }
      const what = `${String(data['x'])} ${String(data['X'])}, told ${times} times`;
      venue.confess(one, `${what}, ${delayMs} ms late`, orderId);
    }
    const tell = (): void => {
      for (let told = 0; told < times; told += 1) this.#tellUser(account, data);
    };
    if (isHeld) this.#held.set(account, [...(this.#held.get(account) ?? []), tell]);
    else if (delayMs > 0) setTimeout(tell, delayMs).unref();
    else {
      tell();
      for (const late of this.#held.get(account) ?? []) late();
      this.#held.delete(account);
    }
  }

  #tellUser(account: string, data: Json): void {
    for (const peer of this.#peers) {
      if (peer.account === account) deliver(peer, data);
      for (const [subscriptionId, owner] of peer.subscriptions) {
        if (owner === account) deliver(peer, { subscriptionId, event: data });
      }
    }
  }

  #beat(): void {
    for (const peer of this.#peers) {
      if (!peer.alive && !isMuted(peer)) peer.socket.terminate();
      peer.alive = false;
      if (!isMuted(peer)) peer.socket.ping();
    }
  }
}

function isMuted({ mutedUntilMs }: Peer): boolean {
  return Date.now() < mutedUntilMs;
}

function deliver(peer: Peer, data: Json): void {
  const { socket } = peer;
  if (isMuted(peer)) return;
  if (socket.bufferedAmount > MOST_BUFFERED_BYTES) socket.terminate();
  else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(data));
}
