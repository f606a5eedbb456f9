import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { CloseCode } from '../../codes.ts';
import type { Dialect, Entrance } from '../../dialect/dialect.ts';
import { FanwireError, toClientError } from '../../errors.ts';
import { uuidv7 } from '../../ids.ts';
import type { Admission, Admitted, Request } from '../admission.ts';
import { Connection, type Wire } from '../connection.ts';
import type { Node } from '../node.ts';
import { rawAnswer } from '../raw-answer.ts';
import { targetUrl } from '../target.ts';
import { FrameEncoder, pingFrame, textFrame } from './frame.ts';

export interface WebSocketOptions {
  readonly node: Node;
  readonly admission: Admission;
  readonly dialects: readonly Dialect[];
  /** Largest message from a client, in bytes; over it the connection is closed with 1009. */
  readonly maxMessageSize: number;
}

/** A client that does not finish the closing handshake is cut off after so many milliseconds. */
const closeTimeout = 3_000;
/** Frames that one message may be split into. */
const maxFragments = 1_024;

/** A `ws` socket that knows its connection, so that listeners are shared by all of them. */
class Peer extends WebSocket {
  connection: Connection | null = null;
}

/** The WebSocket transport: `ws` does the handshake and reads; frames are written to the socket by the outbox. */
export class WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #encoders: ReadonlyMap<Dialect, FrameEncoder>;
  readonly #server: Server<typeof Peer>;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#encoders = new Map(options.dialects.map((dialect) => [dialect, new FrameEncoder(dialect.encode)]));
    const serverOptions: ServerOptions<typeof Peer> & { closeTimeout: number; maxFragments: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessageSize,
      maxFragments,
      closeTimeout,
      handleProtocols: chooseProtocol,
      WebSocket: Peer,
    };
    this.#server = new WebSocketServer(serverOptions);
  }

  /** For the HTTP server's `upgrade` event. */
  upgrade(http: IncomingMessage, stream: Duplex, head: Buffer): void {
    const socket = stream as Socket;
    socket.on('error', ignore);
    this.#admit(http, socket, head).catch((thrown) =>
      refuse(socket, toClientError(thrown, this.#options.node.report)),
    );
  }

  async #admit(http: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const request: Request = { http, url: targetUrl(http) };
    const [dialect, entrance] = this.#route(request.url);
    const admitted = await this.#options.admission.admit(request, entrance, {
      ...dialect.requirements,
      transport: 'websocket',
    });
    if (socket.destroyed) return;
    // Both checks, the handshake and the taking of the place happen in one turn.
    this.#options.node.capacity.check('websocket');
    dialect.checkPlace?.(entrance);
    this.#server.handleUpgrade(http, socket, head, (peer) =>
      this.#open(peer as Peer, socket, dialect, entrance, admitted),
    );
  }

  #route(url: URL): [Dialect, Entrance] {
    for (const dialect of this.#options.dialects) {
      const entrance = dialect.entrance(url);
      if (entrance) return [dialect, entrance];
    }
    throw new FanwireError('not_found', 'no WebSocket is served at this path');
  }

  #open(peer: Peer, socket: Socket, dialect: Dialect, entrance: Entrance, { principal }: Admitted): void {
    const { node } = this.#options;
    const encoder = this.#encoders.get(dialect) ?? new FrameEncoder(dialect.encode);
    const connection = new Connection(node, new PeerWire(peer, socket), {
      id: uuidv7(node.clock.now()),
      dialect: dialect.name,
      principal,
      claimedName: entrance.name,
      echo: entrance.echo,
      encoder,
      remoteAddress: socket.remoteAddress ?? '',
    });
    peer.connection = connection;
    peer.on('message', onMessage);
    peer.on('pong', onSign);
    peer.on('ping', onSign);
    peer.on('error', ignore);
    peer.on('close', onClose);
    connection.start((settled) => dialect.open(connection, entrance, settled));
  }
}

/** Frames straight to the socket; the closing handshake by `ws`. */
class PeerWire implements Wire {
  readonly transport = 'websocket';
  readonly socket: Socket;
  readonly ping = pingFrame;
  readonly #peer: Peer;

  constructor(peer: Peer, socket: Socket) {
    this.#peer = peer;
    this.socket = socket;
  }

  frame(text: string): Buffer {
    return textFrame(text);
  }

  close({ code, reason }: CloseCode): void {
    this.#peer.close(code, reason);
  }

  pause(): void {
    this.#peer.pause();
  }

  resume(): void {
    this.#peer.resume();
  }
}

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  const { connection } = this as Peer;
  if (!connection || connection.closed) return;
  if (isBinary) connection.close('binary');
  else connection.receive(String(data));
}

function onSign(this: WebSocket): void {
  (this as Peer).connection?.seen();
}

function onClose(this: WebSocket): void {
  (this as Peer).connection?.gone();
}

function ignore(): void {
  // A peer that breaks off or breaks the protocol ends its own connection: `close` follows.
}

/** `bearer` carries the token and is answered by itself; of other protocols the first is taken, as browsers need one. */
function chooseProtocol(offered: Set<string>): string | false {
  if (offered.has('bearer')) return 'bearer';
  const [first] = offered;
  return first ?? false;
}

/** Answers as HTTP, and closes. */
function refuse(socket: Socket, error: FanwireError): void {
  if (socket.destroyed || !socket.writable) return;
  socket.end(rawAnswer(error));
  socket.setTimeout(closeTimeout, () => socket.destroy());
}
