import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Server, type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { FreePlace } from '../../access/limits/places.ts';
import { redact } from '../../access/redact.ts';
import { type CloseCode, closeCodes } from '../../codes.ts';
import type { Dialect, Entrance } from '../../dialect/dialect.ts';
import { FanwireError, toClientError } from '../../errors.ts';
import type { Encoder } from '../../hub/recipient.ts';
import { uuidv7 } from '../../ids.ts';
import type { Admission, Admitted, Knocked, Request } from '../admission.ts';
import { answered } from '../answered.ts';
import type { BasePath } from '../base-path.ts';
import { closing } from '../capacity.ts';
import { Connection, type Wire } from '../connection.ts';
import { noTransportMeter } from '../meter.ts';
import type { Node } from '../node.ts';
import { takePlace } from '../place.ts';
import { errorHeaders, rawAnswer } from '../raw-answer.ts';
import { requestId } from '../request-id.ts';
import { targetUrl } from '../target.ts';
import { checkRequest } from '../well-formed.ts';
import { DeflateEncoder, deflateOptions, takesDeflated } from './deflate.ts';
import { FrameEncoder, pingFrame, placeIn, pongFrame, probeFrame, sharedFrame, textFrame } from './frame.ts';
import { type DeadlineParts, MessageDeadline } from './message-deadline.ts';
import { keepAcceptableOffer } from './offers.ts';
import { Peer } from './peer.ts';
import { refusalProtocol, Teller, wantsFrame } from './teller.ts';

export interface WebSocketOptions {
  readonly node: Node;
  readonly admission: Admission;
  readonly dialects: readonly Dialect[];
  readonly base: BasePath;
  /** Largest message from a client, in bytes; over it the connection is closed with 1009. */
  readonly maxMessageSize: number;
  /** Frames that one message may be split into; over it the connection is closed with 1008. */
  readonly maxFragments: number;
  /** Milliseconds that a message may take to arrive. */
  readonly messageTimeout: number;
  /** Whether permessage-deflate is offered (RFC 7692). */
  readonly compression: boolean;
  /** Hears what comes on a socket. @default the connection's session, which is closed with 1003 for a binary frame */
  readonly hear?: (this: object, data: unknown, isBinary: boolean) => void;
  /** Told of each socket that is a WebSocket from now on. @default nobody is told */
  readonly leaves?: (socket: Socket) => void;
}

/** A client that does not finish the closing handshake is cut off after so many milliseconds. */
const closeTimeout = 3_000;
/** One whose frames were too many is cut off after so many milliseconds. */
const hangUpTimeout = 1_000;
/** One that was closed because it does not read is given longer: it learns why only when it reads again. */
const lingerTimeout = 30_000;
/** So many of those at most; the first of more are cut off. */
const maxLingering = 1_000;
/** Versions of the protocol that are spoken: what `ws` takes. */
const versions = '13, 8';
/**
 * Bytes of a message that each piece of it has to bring on average: a piece held costs some 300 bytes however short it
 * is, so that one byte for each packet pins hundreds of times what it brings (websockets/ws#2331).
 */
const bytesPerChunk = 64;

/** Somebody who may come in, when there is a place. */
interface Arrival {
  readonly id: string;
  readonly dialect: Dialect;
  readonly entrance: Entrance;
  readonly admitted: Admitted;
}

interface Place {
  /** Gives it back when the connection has gone. */
  readonly free: FreePlace;
  /** Should there be no connection: gives back what its dialect had reserved as well. */
  readonly giveBack: FreePlace;
}

/** A connection that is about to be. */
interface Opening extends Arrival, Place {}

/** The WebSocket transport: `ws` does the handshake and reads; frames are written to the socket by the outbox. */
export class WebSocketTransport {
  readonly #options: WebSocketOptions;
  readonly #encoders: ReadonlyMap<Dialect, { readonly plain: Encoder; readonly deflated: Encoder }>;
  readonly #server: Server<typeof Peer>;
  readonly #teller: Teller;
  /** Closed because they do not read, and not gone yet. */
  readonly #lingering = new Set<Peer>();
  readonly #deadline: DeadlineParts;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    const { wheel, clock } = options.node;
    this.#deadline = { wheel, now: () => clock.monotonic(), timeout: options.messageTimeout };
    this.#encoders = new Map(
      options.dialects.map((dialect) => {
        const { encode } = dialect;
        return [dialect, { plain: new FrameEncoder(encode), deflated: new DeflateEncoder(encode) }];
      }),
    );
    const serverOptions: ServerOptions<typeof Peer> & {
      closeTimeout: number;
      maxFragments: number;
      maxBufferedChunks: number;
    } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: options.compression ? deflateOptions : false,
      maxPayload: options.maxMessageSize,
      maxFragments: options.maxFragments,
      maxBufferedChunks: Math.max(1_024, Math.ceil(options.maxMessageSize / bytesPerChunk)),
      closeTimeout: lingerTimeout,
      // `ws` cuts whoever has 60 pings in one packet: its pongs count as pending until a turn later.
      autoPong: false,
      handleProtocols: chooseProtocol,
      WebSocket: Peer,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#teller = new Teller(this.#server);
    this.#server.on('headers', (lines, http) => lines.push(`X-Request-Id: ${requestId(http)}`));
    this.#server.on('wsClientError', (fault, socket, http) => {
      const error = new FanwireError('bad_request', fault.message, { status: 400 });
      this.#refuse(http, socket as Socket, error, [`Sec-WebSocket-Version: ${versions}`]);
    });
  }

  /** Whether a WebSocket is served at this target below the base path, whatever its parameters. */
  serves(target: string): boolean {
    return this.#dialectAt(target) !== undefined;
  }

  #dialectAt(target: string): Dialect | undefined {
    const url = URL.parse(target, 'http://fanwire.invalid');
    return url === null ? undefined : this.#options.dialects.find((dialect) => isEntrance(dialect, url));
  }

  /** For the HTTP server's `upgrade` event. */
  upgrade(http: IncomingMessage, stream: Duplex, head: Buffer): void {
    const socket = stream as Socket;
    socket.on('error', ignore);
    this.#options.base.enter(http);
    const admitted = answered(socket).then(() => this.#admit(http, socket, head));
    admitted.catch((thrown) => {
      const error = this.#errorOf(thrown, http);
      if (!this.#tell(http, socket, head, error)) this.#refuse(http, socket, error);
    });
  }

  /** For a request that asks for no upgrade: what an upgrade would have been refused with, else that it is needed. */
  async refusal(http: IncomingMessage): Promise<FanwireError> {
    try {
      const url = targetUrl(http);
      const client = this.#options.admission.knock({ http, url });
      const opening = await this.#enter({ http, url, client });
      opening.giveBack();
    } catch (thrown) {
      return this.#errorOf(thrown, http);
    }
    return new FanwireError('upgrade_required', 'a WebSocket is served here: ask for the upgrade');
  }

  /** Waits no longer for those that were told to go and do not read it. */
  cutLingering(): void {
    for (const peer of this.#lingering) peer.terminate();
    this.#teller.cut();
  }

  #errorOf(thrown: unknown, http: IncomingMessage): FanwireError {
    return toClientError(thrown, this.#options.node.report, { request: requestId(http) });
  }

  /** Tells it by a frame, to who asks for that at the address of a dialect. False when it has to be an answer. */
  #tell(http: IncomingMessage, socket: Socket, head: Buffer, error: FanwireError): boolean {
    if (!wantsFrame(http) || isOld(http) || socket.destroyed || !socket.writable) return false;
    const dialect = this.#dialectAt(http.url ?? '');
    if (!dialect) return false;
    const seconds = errorHeaders(error)['Retry-After'];
    const frame = dialect.refusal(error, seconds === undefined ? undefined : Number(seconds));
    keepAcceptableOffer(http);
    if (!this.#teller.tell(http, socket, head, frame, error)) return false;
    this.#record(http, error);
    return true;
  }

  #record(http: IncomingMessage, { code, status }: FanwireError): void {
    const { meter = noTransportMeter, log } = this.#options.node;
    const request = requestId(http);
    meter.refused('websocket', code);
    const address = this.#options.node.callers.addresses.of(http).text;
    const path = redact(http.url ?? '');
    log.debug({ request, address, transport: 'websocket', path, code, status }, 'refused');
  }

  /** Answers as HTTP, and closes. */
  #refuse(http: IncomingMessage, socket: Socket, error: FanwireError, headers?: string[]): void {
    this.#record(http, error);
    if (socket.destroyed || !socket.writable) return;
    socket.end(rawAnswer(error, requestId(http), headers));
    socket.setTimeout(closeTimeout, () => socket.destroy());
  }

  async #admit(http: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    this.#options.base.check(http);
    const url = targetUrl(http);
    const request = { http, url, client: this.#options.admission.knock({ http, url }) };
    checkRequest(http);
    checkVersion(http);
    const opening = await this.#enter(request);
    if (socket.destroyed) {
      opening.giveBack();
      return;
    }
    let opened = false;
    keepAcceptableOffer(http);
    // The answer goes out with the first frame of the dialect, once the session is open.
    socket.cork();
    this.#server.handleUpgrade(http, socket, head, (peer) => {
      opened = true;
      this.#open(peer as Peer, request, socket, opening);
    });
    if (!opened) opening.giveBack();
  }

  /** Everything that is settled before somebody is let in, the place included. */
  async #enter(request: Knocked): Promise<Opening> {
    const [dialect, entrance] = this.#route(request.url);
    const admitted = await this.#options.admission.admit(request, entrance, {
      ...dialect.requirements,
      dialect: dialect.name,
      transport: 'websocket',
    });
    const arrival = { id: uuidv7(this.#options.node.clock.now()), dialect, entrance, admitted };
    return { ...arrival, ...(await this.#takePlace(arrival)) };
  }

  /** Takes a place for the connection, or throws. */
  async #takePlace({ id, dialect, entrance, admitted }: Arrival): Promise<Place> {
    const { node } = this.#options;
    const { capacity } = node;
    const free = await takePlace(node, 'websocket', admitted.client, admitted.principal);
    try {
      const place = await dialect.reserve?.(entrance, id);
      // Whoever came in between would be told to go by nobody.
      if (capacity.closed) {
        place?.();
        throw closing();
      }
      const giveBack = (): void => {
        place?.();
        free();
      };
      return { free, giveBack };
    } catch (thrown) {
      free();
      throw thrown;
    }
  }

  #route(url: URL): [Dialect, Entrance] {
    for (const dialect of this.#options.dialects) {
      const entrance = dialect.entrance(url);
      if (entrance) return [dialect, entrance];
    }
    throw new FanwireError('not_found', 'no WebSocket is served at this path');
  }

  #open(
    peer: Peer,
    { http }: Request,
    socket: Socket,
    { id, dialect, entrance, admitted: { principal, client }, free }: Opening,
  ): void {
    const { node, leaves } = this.#options;
    leaves?.(socket);
    const encoders = this.#encoders.get(dialect);
    const encoder = takesDeflated(peer, http) ? encoders?.deflated : encoders?.plain;
    const connection = new Connection(node, new PeerWire(peer, socket, this.#lingering), {
      id,
      dialect: dialect.name,
      principal,
      client,
      free,
      claimedName: entrance.name,
      echo: entrance.echo,
      encoder: encoder ?? new FrameEncoder(dialect.encode),
    });
    peer.connection = connection;
    peer.on('message', this.#options.hear ?? onMessage);
    peer.on('pong', onPong);
    peer.on('ping', onPing);
    peer.on('error', onFault);
    peer.on('close', onClose);
    peer.deadline = new MessageDeadline(connection, this.#deadline);
    socket.on('data', (chunk: Buffer) => peer.deadline?.took(chunk));
    connection.start((settled) => dialect.open(connection, entrance, settled), requestId(http));
  }
}

/** Frames straight to the socket; the closing handshake by `ws`. */
class PeerWire implements Wire {
  readonly transport = 'websocket';
  readonly held = true;
  readonly socket: Socket;
  readonly ping = pingFrame;
  readonly #peer: Peer;
  readonly #lingering: Set<Peer>;

  constructor(peer: Peer, socket: Socket, lingering: Set<Peer>) {
    this.#peer = peer;
    this.#lingering = lingering;
    this.socket = socket;
  }

  frame(text: string): Buffer {
    return textFrame(text);
  }

  sharedFrame(text: string): Buffer {
    return sharedFrame(text);
  }

  probe(place: number): Buffer {
    return probeFrame(place);
  }

  close({ code, reason }: CloseCode, politely: boolean): void {
    const peer = this.#peer;
    peer.close(code, reason);
    if (code === closeCodes.rateLimit.code) this.#hangUp();
    else if (politely) cutSoon(peer);
    else this.#linger(peer);
  }

  /** Reads nothing more: what a flood sends until it has taken the close frame is not even parsed. */
  #hangUp(): void {
    this.#peer.pause();
    this.socket.end();
    setTimeout(() => this.#peer.terminate(), hangUpTimeout).unref();
  }

  #linger(peer: Peer): void {
    const [first] = this.#lingering;
    if (this.#lingering.size >= maxLingering) first?.terminate();
    this.#lingering.add(peer);
    peer.on('close', () => this.#lingering.delete(peer));
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
  else connection.receive(String(data), (data as Buffer).length);
}

function onPong(this: WebSocket, payload: Buffer): void {
  (this as Peer).connection?.answered(placeIn(payload));
}

function onPing(this: WebSocket, payload: Buffer): void {
  (this as Peer).connection?.pinged(pongFrame(payload));
}

function onClose(this: WebSocket, code: number): void {
  const { connection, deadline, ending } = this as Peer;
  deadline?.end();
  connection?.gone(ending ?? { code, by: 'client' });
}

function cutSoon(peer: Peer): void {
  setTimeout(() => peer.terminate(), closeTimeout).unref();
}

/** The parser refused what came, and closes; a peer that breaks off has no such code. `close` follows. */
function onFault(this: WebSocket, fault: Error & { code?: string }): void {
  const code = parserCode(fault.code ?? '');
  if (code === null) return;
  (this as Peer).ending = { code, by: 'server', reason: fault.message };
  cutSoon(this as Peer);
}

/** The close code that `ws` sends for a fault of its parser; it is not told. */
function parserCode(fault: string): number | null {
  switch (fault) {
    case 'WS_ERR_INVALID_UTF8':
      return 1007;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return 1008;
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return 1009;
    default:
      return fault.startsWith('WS_ERR_') ? 1002 : null;
  }
}

/** What is offered over HTTP/1.0 must not be taken up (RFC 9110, 7.8): whoever passes it on would not know. */
function isOld({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.0';
}

function checkVersion(http: IncomingMessage): void {
  if (!isOld(http)) return;
  throw new FanwireError(
    'upgrade_required',
    'a WebSocket needs HTTP/1.1, and this request is HTTP/1.0; a proxy in between may have to be told (nginx: proxy_http_version 1.1)',
  );
}

function isEntrance(dialect: Dialect, url: URL): boolean {
  try {
    return dialect.entrance(url) !== null;
  } catch {
    // At the dialect's address, but with parameters that it will refuse.
    return true;
  }
}

function ignore(): void {
  // A peer that breaks off or breaks the protocol ends its own connection: `close` follows.
}

/** `bearer` carries the token and is answered by itself; of other protocols the first is taken, as browsers need one. */
function chooseProtocol(offered: Set<string>): string | false {
  if (offered.has('bearer')) return 'bearer';
  const [first, second] = offered;
  return (first === refusalProtocol ? second : first) ?? first ?? false;
}
