import { FanwireError } from './errors.ts';

/** How names are compared that somebody may have misspelt: without case, `_`, `-`, `[]` and a plural s. */
export function looseName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[_-]|\[\]/g, '')
    .replace(/s$/, '');
}

/** The longest name that an error repeats. */
const shownLength = 40;

/**
 * The query parameters that mean something at an address. Any other is left alone, but for one that is nearly right:
 * to ignore a resume position, a channel or a token for its spelling is to lose messages without a word.
 */
export class Parameters {
  /** Every spelling that is taken. */
  readonly #taken: ReadonlySet<string>;
  /** By their loose form, the names as they are written. */
  readonly #names: ReadonlyMap<string, string>;

  /** `spellings` are taken as well, for names that have several. */
  constructor(names: readonly string[], spellings: readonly string[] = []) {
    this.#taken = new Set([...names, ...spellings]);
    // Of two that are nearly the same the first is what is meant.
    this.#names = new Map(names.map((name) => [looseName(name), name] as const).reverse());
  }

  /** Throws `bad_request` with status 400 for a name that equals one of these but for its spelling. */
  check(given: Iterable<string>): void {
    for (const name of given) {
      if (this.#taken.has(name)) continue;
      const meant = this.#names.get(looseName(name));
      if (meant === undefined) continue;
      throw new FanwireError(
        'bad_request',
        `the query parameter "${name.slice(0, shownLength)}" means nothing here: write "${meant}"`,
        { status: 400 },
      );
    }
  }
}

/** Credentials, which every address takes. */
export const credentialParameters = ['token', 'api_key'] as const;
