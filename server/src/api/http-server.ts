import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyServerOptions } from 'fastify';
import { errorBody, FanwireError } from '../errors.ts';
import type { HttpSocket } from '../transport/answered.ts';
import type { Log } from '../transport/node.ts';
import { rawAnswer } from '../transport/raw-answer.ts';
import { newRequestId, requestId } from '../transport/request-id.ts';
import { type HttpMeter, noHttpMeter } from './meter.ts';
import { offersWebSocket } from './offered.ts';

/** What a body may have beside the message's data: names, ids, the JSON around them. */
const envelopeBytes = 16 * 1024;

/** Milliseconds. The deadlines count from the accept or from the last answer's end, not from the last byte. */
const requestTimeout = 10_000;
const headersTimeout = 5_000;
/** How often the deadlines are looked at. */
const connectionsCheckingInterval = 1_000;
/** Above the 60 s and 75 s of common proxies, so that it is them who close an idle connection. */
const usualKeepAlive = 76_000;

const maxHeaderSize = 32 * 1024;

/** Options of Fastify and of Node's server under it: every deadline and size is finite. */
export function serverOptions(maxDataBytes: number, keepAliveTimeout: number = usualKeepAlive) {
  return {
    logger: false,
    genReqId: requestId,
    bodyLimit: maxDataBytes + envelopeBytes,
    requestTimeout,
    keepAliveTimeout,
    maxRequestsPerSocket: 0,
    // The rest get until SHUTDOWN_TIMEOUT: the drain cuts them.
    forceCloseConnections: 'idle',
    // Fastify's own 503 would not have our shape: requests that come while it closes are served, and then it closes.
    return503OnClosing: false,
    // A name that is too long is refused by its rule, with our error, and not by the router.
    routerOptions: { maxParamLength: maxHeaderSize },
    http: {
      requestTimeout,
      headersTimeout,
      connectionsCheckingInterval,
      keepAliveTimeout,
      maxHeaderSize,
      // An offer of another protocol (h2c, say) is ignored, as RFC 9110, 7.8 allows: the request is served as HTTP.
      shouldUpgradeCallback: offersWebSocket,
      // Node's own refusal has no body: the front refuses a missing Host instead.
      requireHostHeader: false,
    },
  } satisfies FastifyServerOptions & { http: object };
}

/** Sockets that carry a stream: nothing of HTTP may be written on them any more. */
const streaming = new WeakSet<Socket>();

/** From now on somebody else writes on this socket. */
export function handOver(socket: Socket): void {
  streaming.add(socket);
}

/** Where answers are written down that no route gave. */
interface Books {
  readonly log: Log;
  readonly meter?: HttpMeter;
}

/** Answers what is no HTTP request, or not one in time. */
export function answerBadHttp(fault: Error & { code?: string }, socket: HttpSocket, books: Books): void {
  const started = streaming.has(socket) || socket._httpMessage?.headersSent;
  if (!socket.writable || started || fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const error = badHttpError(fault.code);
  const request = newRequestId();
  record(books, request, error);
  socket.write(rawAnswer(error, request));
  socket.destroySoon();
}

/** For the server's event `checkExpectation`: an Expect header other than 100-continue. */
export function answerExpectation(http: IncomingMessage, response: ServerResponse, books: Books): void {
  const error = new FanwireError('bad_request', 'of Expect headers only 100-continue is understood', {
    status: 417,
  });
  const request = requestId(http);
  record(books, request, error);
  const body = JSON.stringify(errorBody(error));
  response.writeHead(error.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    'x-request-id': request,
  });
  response.end(body);
}

function record({ log, meter = noHttpMeter }: Books, request: string, { code, status }: FanwireError): void {
  meter.failed(code);
  log.debug({ request, status, code }, 'answered: not a request that can be served');
}

function badHttpError(code: string | undefined): FanwireError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new FanwireError('too_large', `the headers are over ${maxHeaderSize} bytes`, { status: 431 });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new FanwireError('bad_request', 'the request did not arrive in time', { status: 408 });
  }
  return new FanwireError('bad_request', 'this is not a valid HTTP request', { status: 400 });
}
