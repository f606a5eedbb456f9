import type { Revocation, RevocationStore } from '../engine/engine.ts';
import type { ControlCommand, Hub } from '../hub/hub.ts';
import type { Principal } from './principal.ts';

/** Told that something was revoked: connections whose principal is no longer valid have to go. */
export type RevokeListener = (revocation: Revocation) => void;

/**
 * Tokens that are not valid any more although their signature is: by their id, or by when they were issued. Held in
 * memory on every node, kept in the engine, and told to other nodes by `$control`.
 */
export class Revocations {
  readonly #hub: Hub;
  readonly #store: RevocationStore;
  readonly #tokens = new Set<string>();
  /** By user; null stands for everybody. */
  readonly #before = new Map<string | null, number>();
  readonly #listeners: RevokeListener[] = [];

  constructor(hub: Hub, store: RevocationStore) {
    this.#hub = hub;
    this.#store = store;
    hub.onCommand((command) => this.#command(command));
  }

  async open(): Promise<void> {
    for (const revocation of await this.#store.all()) this.#put(revocation);
  }

  onRevoke(listener: RevokeListener): void {
    this.#listeners.push(listener);
  }

  /** Kept before it takes effect; resolves when every node has been told. */
  async revoke(revocation: Revocation): Promise<void> {
    await this.#store.add(revocation);
    await this.#hub.command({ op: 'revoke', revocation });
  }

  /** Only tokens are ever revoked: keys and anonymous clients are not. */
  covers({ via, user, tokenId, issuedAt }: Principal): boolean {
    if (via !== 'jwt') return false;
    if (tokenId !== null && this.#tokens.has(tokenId)) return true;
    const before = Math.max(this.#before.get(user) ?? 0, this.#before.get(null) ?? 0);
    // A token that does not say when it was issued may be as old as any.
    return before > 0 && (issuedAt ?? 0) < before;
  }

  #put(revocation: Revocation): void {
    if (revocation.kind === 'token') this.#tokens.add(revocation.id);
    else {
      const { user, time } = revocation;
      this.#before.set(user, Math.max(time, this.#before.get(user) ?? 0));
    }
  }

  #command(command: ControlCommand): void {
    if (command.op !== 'revoke') return;
    const { revocation } = command as ControlCommand & { revocation: Revocation };
    this.#put(revocation);
    for (const listener of this.#listeners) listener(revocation);
  }
}
