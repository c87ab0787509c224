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
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  readonly #peers = new Set<Peer>();
  readonly #api: ApiContext;
  readonly #listenKeys: ListenKeys;
  readonly #streams: MarketStreams;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(context: ApiContext & { readonly listenKeys: ListenKeys }) {
    this.#api = context;
    this.#listenKeys = context.listenKeys;
    this.#streams = new MarketStreams(context.venue);
    context.venue.listen((event) => {
      if (this.#peers.size === 0) return;
      for (const { stream, data } of this.#streams.messages(event)) this.#publish(stream, data);
      for (const { account, data } of userMessages(context.venue.state, event)) {
        this.#tellUser(account, data);
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
      if (!peer.alive) peer.socket.terminate();
      peer.alive = false;
      peer.socket.ping();
    }
  }
}

function deliver({ socket }: Peer, data: Json): void {
  if (socket.bufferedAmount > MOST_BUFFERED_BYTES) socket.terminate();
  else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(data));
}
