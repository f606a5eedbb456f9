import { errorCode, type HttpErrorName } from './codes.ts';

/** An error whose code and message are meant for the client's eyes. */
export class FanwireError extends Error {
  override readonly name = 'FanwireError';
  readonly code: HttpErrorName;
  /** The HTTP status; the code's own unless a route says otherwise (a bad query parameter is 400, a bad body 422). */
  readonly status: number;
  readonly details: unknown;
  /** Seconds after which the same may succeed; undefined where nobody knows. */
  readonly retryAfter: number | undefined;

  constructor(
    code: HttpErrorName,
    message: string,
    more: { status?: number; details?: unknown; retryAfter?: number } = {},
  ) {
    // It may quote what a client wrote, and has to be readable for every parser.
    super(message.toWellFormed());
    this.code = code;
    this.status = more.status ?? errorCode(code).status;
    this.details = more.details;
    this.retryAfter = more.retryAfter;
  }
}

/** Where something was thrown, for the log. */
export interface FaultOrigin {
  /** The id of the connection whose frame was being handled. */
  readonly connection?: string;
  /** The id of the HTTP request. */
  readonly request?: string;
}

/** Called with whatever was thrown that is not a FanwireError, so that it reaches the log. */
export type UnknownErrorReporter = (thrown: unknown, origin?: FaultOrigin) => void;

/**
 * The one way from something thrown to what a client is told. What is not a FanwireError is an `internal`
 * whose details stay here: they go to `report`, never to the client.
 */
export function toClientError(
  thrown: unknown,
  report: UnknownErrorReporter,
  origin?: FaultOrigin,
): FanwireError {
  if (thrown instanceof FanwireError) return thrown;
  report(thrown, origin);
  return new FanwireError('internal', 'the server failed to do this; the fault is in its log');
}

/** The body of every HTTP error answer. */
export interface ErrorBody {
  readonly error: { readonly code: HttpErrorName; readonly message: string; readonly details?: unknown };
}

export function errorBody({ code, message, details }: FanwireError): ErrorBody {
  return { error: { code, message, ...(details === undefined ? {} : { details }) } };
}

/** Shorthand for the commonest refusal: JSON of the wrong shape, naming the field. */
export function badRequest(message: string): FanwireError {
  return new FanwireError('bad_request', message);
}

/** What the operator is to know and is no fault of the program: logged as its text, without a stack. */
export class Notice extends Error {
  override readonly name = 'Notice';
  readonly level: 'info' | 'warn' | 'error';

  constructor(level: Notice['level'], message: string) {
    // It may quote what a client wrote, and has to be readable for every parser.
    super(message.toWellFormed());
    this.level = level;
  }
}

/** Like a FanwireError, told to the operator at start: what is wrong, where, and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
