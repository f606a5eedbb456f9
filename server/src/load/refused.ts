/** An answer to an upgrade or a request that is not the one wanted. Plain data: it crosses process boundaries. */
export interface Refusal {
  readonly status: number;
  /** As much of the answer's body as came with its head, at most 1,000 characters. */
  readonly body: string;
}

/** The server refused, over HTTP. */
export class Refused extends Error implements Refusal {
  readonly status: number;
  readonly body: string;

  constructor(message: string, { status, body }: Refusal) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** The refusal that an error is, or was caused by; undefined where there was none. */
export function refusalIn(error: unknown): Refusal | undefined {
  if (error instanceof Refused) return { status: error.status, body: error.body };
  return error instanceof Error ? refusalIn(error.cause) : undefined;
}
