import type { Launch, Named } from './target.ts';

/** A server that takes Fanwire's `POST /api/publish` and `POST /api/batch`. */
export interface HttpTarget extends Named {
  readonly launch: Launch;
  /** It keeps what is published, and `GET /api/channels/<name>` tells how much. */
  readonly keeps: boolean;
}

/** Every request has it; only Fanwire looks at it. */
export const API_KEY = 'a-key-for-the-benchmark';
