import type { LimitHolder } from './bites.ts';
import type { Bucket } from './bucket.ts';

/** Refusals in a row, without a rest in which the limit would be whole again, after which patience ends. */
const patienceSeconds = 5;
const leastPatience = 20;
/** Each refusal costs an answer: who opens connections one after the other is not given more on each. */
const mostPatience = 1_000;

/** Buckets that each frame of a connection is taken from. */
export interface FrameBuckets {
  readonly connection?: Bucket | null | undefined;
  readonly user?: Bucket | null | undefined;
  readonly address?: Bucket | null | undefined;
}

/** What one connection may send: by itself, and together with the others of its user and of its address. */
export class FrameLimit {
  readonly #connection: Bucket | null;
  readonly #user: Bucket | null;
  readonly #address: Bucket | null;
  readonly #patience: number;
  #refused = 0;

  constructor({ connection, user, address }: FrameBuckets) {
    this.#connection = connection ?? null;
    this.#user = user ?? null;
    this.#address = address ?? null;
    const { perSecond = 0 } = (connection ?? user ?? address)?.rate ?? {};
    this.#patience = Math.min(mostPatience, Math.max(leastPatience, perSecond * patienceSeconds));
  }

  /** Keeps exceeding its limit: it may be closed with 4429. */
  get exhausted(): boolean {
    return this.#refused >= this.#patience;
  }

  /** Frames refused since the limit was whole. */
  get refused(): number {
    return this.#refused;
  }

  /** Null when this frame may pass, else whose limit it is over. */
  take(now: number): LimitHolder | null {
    if (this.#refused > 0 && this.#rested(now)) this.#refused = 0;
    const over = this.#over(now);
    if (over !== null) this.#refused++;
    return over;
  }

  /** Frames a second that this holder may send. */
  rateOf(holder: LimitHolder): number {
    const bucket = holder === 'user' ? this.#user : holder === 'address' ? this.#address : this.#connection;
    return bucket?.rate.perSecond ?? 0;
  }

  #over(now: number): LimitHolder | null {
    if (this.#connection !== null && !this.#connection.take(now)) return 'connection';
    if (this.#user !== null && !this.#user.take(now)) return 'user';
    if (this.#address !== null && !this.#address.take(now)) return 'address';
    return null;
  }

  #rested(now: number): boolean {
    return (this.#connection ?? this.#user ?? this.#address)?.isFull(now) ?? true;
  }
}
