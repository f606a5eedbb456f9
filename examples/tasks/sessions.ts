import { randomUUID } from 'node:crypto';

/** Who has signed in, by the cookie that a browser sends with every request, WebSockets and event streams included. */
export class Sessions {
  readonly #users = new Map<string, string>();

  /** The header `Set-Cookie` for somebody who signs in. Pages of other sites send no such cookie along. */
  start(user: string): string {
    const id = randomUUID();
    this.#users.set(id, user);
    return `session=${id}; Path=/; HttpOnly; SameSite=Lax`;
  }

  /** Null for a request, by its header `Cookie`, of somebody who has not. */
  userOf(cookies = ''): string | null {
    const [, id = ''] = /(?:^|; )session=([^;]+)/.exec(cookies) ?? [];
    return this.#users.get(id) ?? null;
  }
}
