import type { Revocation, RevocationStore } from '../engine.ts';

export class MemoryRevocations implements RevocationStore {
  readonly #tokens = new Set<string>();
  readonly #before = new Map<string | null, number>();

  async all(): Promise<Revocation[]> {
    return [
      ...[...this.#tokens].map((id) => ({ kind: 'token' as const, id })),
      ...[...this.#before].map(([user, time]) => ({ kind: 'before' as const, user, time })),
    ];
  }

  async add(revocation: Revocation): Promise<void> {
    if (revocation.kind === 'token') this.#tokens.add(revocation.id);
    else {
      const { user, time } = revocation;
      this.#before.set(user, Math.max(time, this.#before.get(user) ?? 0));
    }
  }

  clear(): void {
    this.#tokens.clear();
    this.#before.clear();
  }
}
