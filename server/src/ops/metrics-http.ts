import type { Counter } from 'prom-client';
import type { HttpMeter } from '../api/meter.ts';
import type { HttpErrorName } from '../codes.ts';
import type { Maker } from './metrics-kit.ts';
import type { Tallies, Tally } from './metrics-tally.ts';

/** Node takes some thirty methods; these are the ones that mean something here. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Seconds. Fewer than elsewhere: there is a set for each route, method and status. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** Answers of the HTTP API. */
export class HttpMetrics implements HttpMeter {
  readonly #requests: Tallies<'route' | 'method' | 'status'>;
  /** By route, then by method, then by class of status: found without making a text for each request. */
  readonly #tallies = new Map<string, Map<string, Tally[]>>();
  readonly #errors: Counter<'dialect' | 'code'>;

  constructor(make: Maker, errors: Counter<'dialect' | 'code'>) {
    this.#requests = make.histograms(
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
    const family = Math.floor(status / 100);
    this.#tally(route ?? 'none', methods.has(method) ? method : 'other', family).observe(ms / 1000);
  }

  failed(code: HttpErrorName): void {
    this.#errors.inc({ dialect: 'http', code });
  }

  #tally(route: string, method: string, family: number): Tally {
    const byMethod = within(this.#tallies, route, () => new Map<string, Tally[]>());
    const byFamily = within(byMethod, method, () => []);
    byFamily[family] ??= this.#requests.add({ route, method, status: `${family}xx` });
    return byFamily[family];
  }
}

/** The map's value, made where there is none. */
function within<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
