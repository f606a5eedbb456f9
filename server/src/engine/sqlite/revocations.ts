import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Revocation, RevocationStore } from '../engine.ts';
import type { Writer } from './writer.ts';

/** Revoked tokens, in two small tables. */
export class SqliteRevocations implements RevocationStore {
  readonly #writer: Writer;
  readonly #tokens: StatementSync;
  readonly #before: StatementSync;
  readonly #addToken: StatementSync;
  readonly #addBefore: StatementSync;

  constructor(database: DatabaseSync, writer: Writer) {
    this.#writer = writer;
    this.#tokens = database.prepare('SELECT id FROM revoked_tokens');
    this.#before = database.prepare('SELECT user, time FROM revoked_before');
    this.#addToken = database.prepare('INSERT OR IGNORE INTO revoked_tokens (id) VALUES (?)');
    this.#addBefore = database.prepare(
      'INSERT INTO revoked_before (user, time) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET time = max(time, excluded.time)',
    );
  }

  async all(): Promise<Revocation[]> {
    return [
      ...this.#tokens.all().map(({ id }) => ({ kind: 'token' as const, id: String(id) })),
      ...this.#before.all().map(({ user, time }) => ({
        kind: 'before' as const,
        user: user === '' ? null : String(user),
        time: Number(time),
      })),
    ];
  }

  async add(revocation: Revocation): Promise<void> {
    await this.#writer.run(() => {
      if (revocation.kind === 'token') this.#addToken.run(revocation.id);
      else this.#addBefore.run(revocation.user ?? '', revocation.time);
    });
  }
}
