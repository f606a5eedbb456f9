import { field, isObject, type JsonObject } from '../../json.ts';
import { Failure } from '../exit.ts';
import { parseLossless } from '../output/lossless.ts';
import { type Advice, parseRefusal, refused, strangeAnswer } from './refusal.ts';
import { addressOf, type Query, type Target } from './target.ts';
import { unreachable } from './unreachable.ts';

/** Milliseconds that the server may take for one answer. */
const patience = 30_000;

export interface Request {
  readonly query?: Query;
  /** JSON text. */
  readonly body?: string;
  readonly advice?: Advice;
}

/** The HTTP API of a running server. */
export class Api {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The answer's JSON object. Throws a Failure that says what to do. */
  async call(method: string, path: string, request: Request = {}): Promise<JsonObject> {
    const { status, text, retryAfter } = await this.#ask(method, path, request);
    if (status >= 200 && status < 300) return this.#object(status, text);
    const refusal = parseRefusal(status, text, retryAfter);
    throw refusal ? refused(this.#target, refusal, request.advice) : strangeAnswer(this.#target, status);
  }

  async #ask(method: string, path: string, { query, body }: Request): Promise<Answer> {
    const { headers } = this.#target;
    try {
      const response = await fetch(addressOf(this.#target, path, query), {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
        // Followed, a redirect would carry the API key to another host.
        redirect: 'manual',
        signal: AbortSignal.timeout(patience),
      });
      const text = await response.text();
      return { status: response.status, text, retryAfter: response.headers.get('retry-after') };
    } catch (thrown) {
      throw unreachable(this.#target, thrown);
    }
  }

  #object(status: number, text: string): JsonObject {
    let value: unknown;
    try {
      value = parseLossless(text);
    } catch {
      throw strangeAnswer(this.#target, status);
    }
    if (isObject(value)) return value;
    throw strangeAnswer(this.#target, status);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** The objects of a list in an answer. */
export function listIn(answer: JsonObject, name: string): JsonObject[] {
  const list = field(answer, name);
  if (Array.isArray(list) && list.every(isObject)) return list;
  throw new Failure(`the server's answer has no list "${name}": is it a Fanwire server of this version?`);
}

/** A member as text for a table: nothing for null. */
export function textIn(object: JsonObject, name: string): string {
  const value = field(object, name);
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** 0 for what is no number. */
export function numberIn(object: JsonObject, name: string): number {
  const value = field(object, name);
  return typeof value === 'number' ? value : 0;
}
