import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyServerOptions } from 'fastify';
import { errorBody, FanwireError } from '../errors.ts';

/** What a body may have beside the message's data: names, ids, the JSON around them. */
const envelopeBytes = 16 * 1024;

/** Milliseconds. The deadlines count from the accept or from the last answer's end, not from the last byte. */
const requestTimeout = 10_000;
const headersTimeout = 5_000;
/** How often the deadlines are looked at. */
const connectionsCheckingInterval = 1_000;
/** Above the 60 s of common proxies, so that it is them who close an idle connection. */
const keepAliveTimeout = 75_000;

const maxHeaderSize = 32 * 1024;

/** Options of Fastify and of Node's server under it: every deadline and size is finite. */
export function serverOptions(maxDataBytes: number) {
  return {
    logger: false,
    bodyLimit: maxDataBytes + envelopeBytes,
    requestTimeout,
    keepAliveTimeout,
    maxRequestsPerSocket: 0,
    forceCloseConnections: true,
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
      // Node's own refusal has no body: the front refuses a missing Host instead.
      requireHostHeader: false,
    },
  } satisfies FastifyServerOptions & { http: object };
}

/** A socket with the answer that is under way on it; Node's own handler looks at it in the same way. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Answers what is no HTTP request, or not one in time. */
export function answerBadHttp(fault: Error & { code?: string }, socket: HttpSocket): void {
  const started = socket._httpMessage?.headersSent ?? false;
  if (!socket.writable || started || fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const error = badHttpError(fault.code);
  const body = JSON.stringify(errorBody(error));
  socket.write(
    [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.destroySoon();
}

/** For the server's event `checkExpectation`: an Expect header other than 100-continue. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const error = new FanwireError('bad_request', 'of Expect headers only 100-continue is understood', {
    status: 417,
  });
  response.writeHead(error.status, {
    'content-type': 'application/json; charset=utf-8',
    connection: 'close',
  });
  response.end(JSON.stringify(errorBody(error)));
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
