import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Room, RoomStore } from '../engine.ts';
import type { Writer } from './writer.ts';

/** Created rooms, in two small tables. */
export class SqliteRooms implements RoomStore {
  readonly #writer: Writer;
  readonly #rooms: StatementSync;
  readonly #members: StatementSync;
  readonly #create: StatementSync;
  readonly #admit: StatementSync;
  readonly #expel: StatementSync;
  readonly #remove: StatementSync;
  readonly #expelAll: StatementSync;

  constructor(database: DatabaseSync, writer: Writer) {
    this.#writer = writer;
    this.#rooms = database.prepare('SELECT channel, owner, private FROM rooms ORDER BY seq');
    this.#members = database.prepare('SELECT user FROM room_members WHERE channel = ? ORDER BY user');
    this.#create = database.prepare('INSERT OR IGNORE INTO rooms (channel, owner, private) VALUES (?, ?, ?)');
    this.#admit = database.prepare('INSERT OR IGNORE INTO room_members (channel, user) VALUES (?, ?)');
    this.#remove = database.prepare('DELETE FROM rooms WHERE channel = ?');
    this.#expelAll = database.prepare('DELETE FROM room_members WHERE channel = ?');
    this.#expel = database.prepare('DELETE FROM room_members WHERE channel = ? AND user = ?');
  }

  async all(): Promise<Room[]> {
    return this.#rooms.all().map((row) => ({
      channel: String(row.channel),
      owner: String(row.owner),
      private: row.private === 1,
      members: this.#members.all(String(row.channel)).map(({ user }) => String(user)),
    }));
  }

  async create(room: Room): Promise<boolean> {
    return this.#writer.run(() => {
      const created = this.#create.run(room.channel, room.owner, room.private ? 1 : 0).changes > 0;
      if (created) for (const user of room.members) this.#admit.run(room.channel, user);
      return created;
    });
  }

  async admit(channel: string, user: string): Promise<void> {
    await this.#writer.run(() => this.#admit.run(channel, user));
  }

  async expel(channel: string, user: string): Promise<void> {
    await this.#writer.run(() => this.#expel.run(channel, user));
  }

  async remove(channel: string): Promise<boolean> {
    return this.#writer.run(() => {
      this.#expelAll.run(channel);
      return this.#remove.run(channel).changes > 0;
    });
  }
}
