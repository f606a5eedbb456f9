import type { Counter, Histogram } from 'prom-client';
import type { HttpMeter } from '../api/meter.ts';
import type { HttpErrorName } from '../codes.ts';
import type { Maker } from './metrics-kit.ts';

/** Node takes some thirty methods; these are the ones that mean something here. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Seconds. Fewer than elsewhere: there is a set for each route, method and status. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** Answers of the HTTP API. */
export class HttpMetrics implements HttpMeter {
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #errors: Counter<'dialect' | 'code'>;

  constructor(make: Maker, errors: Counter<'dialect' | 'code'>) {
    this.#requests = make.histogram(
      'fanwire_http_request_duration_seconds',
      'HTTP requests that were answered, from their headers to the end of the answer.',
      buckets,
      'route',
      'method',
      'status',
    );
    this.#errors = errors;
  }

  answered(route: string | null, method: string, status: number, ms: number): void {
    const labels = {
      route: route ?? 'none',
      method: methods.has(method) ? method : 'other',
      status: `${Math.floor(status / 100)}xx`,
    };
    this.#requests.observe(labels, ms / 1000);
  }

  failed(code: HttpErrorName): void {
    this.#errors.inc({ dialect: 'http', code });
  }
}
