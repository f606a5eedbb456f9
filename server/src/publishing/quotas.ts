import type { Publication } from '../hub/hub.ts';
import type { Author } from './author.ts';

/** Who may publish how much. */
export interface Quotas {
  /**
   * Asked last, for every message that may be published, in the turn in which it joins the tick. Throws a FanwireError
   * (`limit_reached`, `unavailable`) for one that must not.
   */
  admit(author: Author, publication: Publication): void;
}

export const noQuotas: Quotas = { admit: () => {} };
