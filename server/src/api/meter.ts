import type { HttpErrorName } from '../codes.ts';

/** What the HTTP API counts. */
export interface HttpMeter {
  /** `route` is the pattern that matched, never the path itself; null when none did. */
  answered(route: string | null, method: string, status: number, ms: number): void;
  /** A request was answered with this error. */
  failed(code: HttpErrorName): void;
}

export const noHttpMeter: HttpMeter = {
  answered: () => {},
  failed: () => {},
};

/** The metrics as text, for `GET /metrics`. */
export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}
