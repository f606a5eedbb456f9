import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JsonText } from '../engine/engine.ts';
import { badRequest, FanwireError } from '../errors.ts';
import { parseJson, rawMember, toJsonText } from '../json.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The JSON text of the body as it came; undefined without a body. */
    bodyText: string | undefined;
  }
}

const plainCodings: ReadonlySet<string> = new Set(['identity', 'chunked']);

/**
 * JSON is the only body there is. Its text is kept beside the parsed value: what a publisher wrote reaches subscribers
 * unchanged. Unlike Fastify's own parser this one lets `__proto__` be an ordinary name, as JSON.parse does; nothing
 * merges a parsed body into another object.
 */
export function acceptJson(app: FastifyInstance): void {
  app.decorateRequest('bodyText');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    checkCoding(request);
    done(null, keepText(request, body));
  });
}

/** The member at this path of a body, exactly as it was written. Throws `bad_request` if there is none. */
export function rawContent(body: string, ...path: readonly string[]): JsonText {
  const name = path.join('.');
  let raw: string | undefined = body;
  for (const member of path) raw = raw === undefined ? undefined : rawMember(raw, member);
  if (raw === undefined) throw badRequest(`${name}: required, but missing`);
  return toJsonText(raw, name);
}

/** No bytes are no body, whatever the Content-Type: routes without a body take it, the others name what is missing. */
function keepText(request: FastifyRequest, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const { text, body } = parseBody(bytes);
  request.bodyText = text;
  return body;
}

/** Throws 415 for a body that is compressed, or is otherwise not as it was: it would be called bad JSON. */
function checkCoding({ headers }: FastifyRequest): void {
  for (const name of ['content-encoding', 'transfer-encoding'] as const) {
    const coding = String(headers[name] ?? '').trim();
    if (coding === '' || plainCodings.has(coding.toLowerCase())) continue;
    throw new FanwireError(
      'bad_request',
      `the body is encoded as ${coding.slice(0, 50)} (${name}), which is not understood here: send it as it is`,
      { status: 415 },
    );
  }
}

/** Throws `bad_json`. */
export function parseBody(bytes: Buffer): { readonly text: string; readonly body: unknown } {
  if (!isUtf8(bytes)) {
    const hint = isUtf16(bytes) ? ': its byte order mark is that of UTF-16' : '';
    throw new FanwireError('bad_json', `the body is not valid UTF-8${hint}`);
  }
  const text = bytes.toString('utf8');
  return { text, body: parseJson(text) };
}

function isUtf16([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
