/** Limits by which somebody can be refused, and whose each may be; the labels of the metric. */
export const limitsByHolder = {
  frames: ['connection', 'address', 'user'],
  requests: ['address', 'user'],
  connects: ['address', 'user'],
  connections: ['address', 'user'],
  credentials: ['address'],
  guests: ['server'],
  networks: ['server'],
} as const;

export type LimitName = keyof typeof limitsByHolder;

export type LimitHolder = (typeof limitsByHolder)[LimitName][number];

/** Counts refusals by limit. */
export interface LimitMeter {
  limited(limit: LimitName, holder: LimitHolder): void;
}

export interface BitesParts {
  readonly now: () => number;
  readonly log: { warn(fields: object, text: string): void };
  readonly meter?: LimitMeter | undefined;
}

/** Milliseconds between two lines about the same limit. */
const quiet = 60_000;

interface Spell {
  told: number;
  /** Refusals that no line has told of. */
  untold: number;
}

/**
 * Tells the operator when a limit begins to bite, and of whom: one line for each limit and each minute, however many
 * are refused, because whoever makes the limit bite would fill the disk with the log.
 */
export class Bites {
  readonly #parts: BitesParts;
  readonly #spells = new Map<string, Spell>();

  constructor(parts: BitesParts) {
    this.#parts = parts;
  }

  /** `who` is the one that is refused now. */
  bite(
    limit: LimitName,
    holder: LimitHolder,
    who: { readonly address: string; readonly user?: string },
  ): void {
    this.#parts.meter?.limited(limit, holder);
    const now = this.#parts.now();
    const name = `${limit} ${holder}`;
    const spell = this.#spells.get(name);
    if (spell && Math.abs(now - spell.told) < quiet) {
      spell.untold++;
      return;
    }
    const refused = (spell?.untold ?? 0) + 1;
    this.#spells.set(name, { told: now, untold: 0 });
    const { log } = this.#parts;
    log.warn({ limit, of: holder, ...who, refused }, 'a limit bites: clients are refused');
  }
}
