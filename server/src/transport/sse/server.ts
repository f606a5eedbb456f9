import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { corsHeaders } from '../../access/origin.ts';
import type { Principal } from '../../access/principal.ts';
import type { CloseCode } from '../../codes.ts';
import { encodeEvent } from '../../dialect/events/codec.ts';
import type { EventsDialect } from '../../dialect/events/dialect.ts';
import type { Framing } from '../../dialect/events/encoders.ts';
import { EventsSession } from '../../dialect/events/session.ts';
import { FanwireError } from '../../errors.ts';
import { uuidv7 } from '../../ids.ts';
import type { Admission, Admitted } from '../admission.ts';
import { Connection, type Wire } from '../connection.ts';
import { noTransportMeter } from '../meter.ts';
import type { Node } from '../node.ts';
import { takePlace } from '../place.ts';
import { requestId } from '../request-id.ts';
import { targetUrl } from '../target.ts';
import { chunked, lastChunk, plain } from './framing.ts';

export interface SseOptions {
  readonly node: Node;
  readonly admission: Admission;
  readonly dialect: EventsDialect;
  /** Told of each socket that is a stream from now on. @default nobody is told */
  readonly leaves?: (socket: Socket) => void;
}

/** A reader that does not take the last bytes is cut off after so many milliseconds. */
const closeTimeout = 2_000;
const silent = { encode: () => Buffer.alloc(0) };

/** The Server-Sent Events transport: the response's head is written by hand, then the outbox owns the socket. */
export class SseTransport {
  readonly #options: SseOptions;
  /** Sockets that carry a stream: a further request on one of them is a fault of the client. */
  readonly #streaming = new WeakSet<Socket>();

  constructor(options: SseOptions) {
    this.#options = options;
  }

  /** Takes over the response. Throws a refusal before anything was written. */
  async open(http: IncomingMessage, _response: ServerResponse): Promise<void> {
    try {
      await this.#open(http);
    } catch (thrown) {
      this.#streaming.delete(http.socket);
      const { meter = noTransportMeter } = this.#options.node;
      meter.refused('sse', thrown instanceof FanwireError ? thrown.code : 'internal');
      throw thrown;
    }
  }

  async #open(http: IncomingMessage): Promise<void> {
    const { node, admission, dialect } = this.#options;
    const { socket } = http;
    // From this turn on: what comes in the same packet must not write on the stream's socket either.
    this.#streaming.add(socket);
    const url = targetUrl(http);
    const request = { http, url, client: admission.knock({ http, url }) };
    const start = dialect.start(request.url, headerText(http.headers['last-event-id']));
    const admitted = await admission.admit(request, dialect.entrance(start), {
      ...dialect.requirements,
      dialect: 'events',
      transport: 'sse',
    });
    const free = await takePlace(node, 'sse', admitted.client, admitted.principal);
    if (socket.destroyed) {
      free();
      throw new FanwireError('unavailable', 'the client went away');
    }
    this.#options.leaves?.(socket);
    // It goes out with the first event, which says where the stream is: who is told that it is open misses nothing.
    socket.cork();
    const frame = http.httpVersion === '1.1' ? chunked : plain;
    socket.write(head(admitted, requestId(http), frame === chunked));
    socket.setNoDelay(true);
    socket.setTimeout(0);
    const connection = new Connection(node, new StreamWire(socket, frame), {
      id: uuidv7(node.clock.now()),
      dialect: 'events',
      principal: admitted.principal,
      client: admitted.client,
      free,
      claimedName: null,
      echo: true,
      encoder: silent,
    });
    socket.on('close', () => connection.gone());
    socket.on('error', () => connection.gone());
    connection.start(() => dialect.open(connection, start, frame), requestId(http));
  }

  /** Whether the socket carries a stream, or is about to. */
  carries(socket: Socket): boolean {
    return this.#streaming.has(socket);
  }

  /** For every request that arrives: true when its socket carries a stream and has been cut off. */
  intercept(http: IncomingMessage): boolean {
    if (!this.#streaming.has(http.socket)) return false;
    http.socket.destroy();
    return true;
  }

  /** Adds and removes channels of a live stream, for whoever opened it or may manage connections. */
  async change(
    id: string,
    principal: Principal,
    change: { readonly subscribe: string[]; readonly unsubscribe: string[] },
  ): Promise<{ channels: string[] }> {
    const connection = this.#options.node.hub.connections.get(id);
    const session = connection instanceof Connection ? connection.session : null;
    if (!(connection instanceof Connection) || !(session instanceof EventsSession)) {
      throw new FanwireError('not_found', 'no such event stream on this node');
    }
    if (!isSame(connection.principal, principal) && !principal.scopes.has('manage')) {
      throw new FanwireError('forbidden', 'the event stream belongs to somebody else');
    }
    await session.change(change.subscribe, change.unsubscribe);
    return { channels: session.channels };
  }
}

/** The same user, the same API key, or both nobody: then the connection's id, which nobody else is told, is the proof. */
function isSame(one: Principal, other: Principal): boolean {
  return one.via === other.via && one.user === other.user && one.keyName === other.keyName;
}

class StreamWire implements Wire {
  readonly transport = 'sse';
  readonly held = false;
  readonly ping = null;
  readonly socket: Socket;
  readonly frame: Framing;

  constructor(socket: Socket, frame: Framing) {
    this.socket = socket;
    this.frame = frame;
  }

  /** Nothing that many are told goes to streams. */
  sharedFrame(text: string): Buffer {
    return this.frame(text);
  }

  /** Whoever reads a stream answers nothing on it. */
  probe(): null {
    return null;
  }

  /** Streams have no close codes: the last event says why. */
  close({ code, reason }: CloseCode, politely: boolean): void {
    if (!politely) {
      this.socket.destroy();
      return;
    }
    const last = this.frame(encodeEvent('closed', JSON.stringify({ code, reason }), null));
    this.socket.end(this.frame === chunked ? Buffer.concat([last, lastChunk]) : last);
    this.socket.setTimeout(closeTimeout, () => this.socket.destroy());
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }
}

/** The connection is the stream's alone, however the end of the stream is told. */
function head({ cors }: Admitted, request: string, inChunks: boolean): string {
  const lines = [
    'HTTP/1.1 200 OK',
    'Content-Type: text/event-stream',
    ...(inChunks ? ['Transfer-Encoding: chunked'] : []),
    // A proxy that compresses would hold events back until it has enough of them.
    'Cache-Control: no-store, no-transform',
    'X-Accel-Buffering: no',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    'Vary: Origin',
    `X-Request-Id: ${request}`,
    ...corsHeaders(cors).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function headerText(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === '' ? undefined : text;
}
