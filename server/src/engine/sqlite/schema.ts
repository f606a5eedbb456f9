import type { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../errors.ts';

/** "Fanw", so that a file of another program is recognised (`PRAGMA application_id`). */
const applicationId = 0x46616e77;

/**
 * `seq` follows the order of commits. `rank` counts the channel's persisted messages up to this one, so that how many
 * lie between two offsets is a subtraction. `keyed` says that the publisher chose the id; server-made ids hold their
 * time, by which they are found.
 */
const version1 = `
  CREATE TABLE messages (
    channel TEXT NOT NULL,
    offset INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    user TEXT,
    text TEXT GENERATED ALWAYS AS (
      CASE WHEN NOT json_valid(data) THEN data
           WHEN json_type(data) = 'text' THEN json_extract(data, '$')
           WHEN json_type(data) = 'object' AND json_type(data, '$.text') = 'text' THEN json_extract(data, '$.text')
           ELSE data END) VIRTUAL,
    data TEXT NOT NULL,
    created_at TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch')) VIRTUAL,
    time INTEGER NOT NULL,
    persist INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    keyed INTEGER NOT NULL,
    connection TEXT,
    client TEXT,
    seq INTEGER PRIMARY KEY
  );
  CREATE UNIQUE INDEX messages_place ON messages (channel, offset);
  CREATE INDEX messages_passing ON messages (time) WHERE persist = 0;
  CREATE INDEX messages_keyed ON messages (channel, id) WHERE keyed = 1;

  -- What is left of a channel when messages of it were let go.
  CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    top INTEGER NOT NULL,
    time INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    window_floor INTEGER NOT NULL,
    history_floor INTEGER NOT NULL,
    hole INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Publishers' ids, in two generations: one is filled, the other is emptied at once when it is old enough.
  CREATE TABLE ids_0 (channel TEXT, id TEXT, offset INTEGER, time INTEGER, PRIMARY KEY (channel, id)) WITHOUT ROWID;
  CREATE TABLE ids_1 (channel TEXT, id TEXT, offset INTEGER, time INTEGER, PRIMARY KEY (channel, id)) WITHOUT ROWID;

  CREATE TABLE rooms (
    seq INTEGER PRIMARY KEY,
    channel TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    private INTEGER NOT NULL
  );
  CREATE TABLE revoked_tokens (id TEXT PRIMARY KEY) WITHOUT ROWID;
  -- Tokens issued before a time; the user '' stands for everybody.
  CREATE TABLE revoked_before (user TEXT PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE room_members (channel TEXT, user TEXT, PRIMARY KEY (channel, user)) WITHOUT ROWID;

  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/**
 * `messages` is a view for people, with `text` and `created_at` computed when they are read: as columns of the table,
 * SQLite computes them with every insert, although it keeps neither.
 */
const version2 = `
  ALTER TABLE messages DROP COLUMN text;
  ALTER TABLE messages DROP COLUMN created_at;
  ALTER TABLE messages RENAME TO message_log;
  CREATE VIEW messages AS SELECT
    channel, offset, id, type, user,
    CASE WHEN NOT json_valid(data) THEN data
         WHEN json_type(data) = 'text' THEN json_extract(data, '$')
         WHEN json_type(data) = 'object' AND json_type(data, '$.text') = 'text' THEN json_extract(data, '$.text')
         ELSE data END AS text,
    data,
    strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch') AS created_at,
    time, persist, connection, client, seq
  FROM message_log;
`;

/**
 * A row is a run: messages of one channel that follow each other and were committed together. So a tick writes one row
 * for each channel, however many messages it has. `last` is the offset of the last of them and `rank` belongs to that;
 * `key` is the id that a publisher chose, whose message is alone. What `heads` and `data` hold is told in run.ts. The
 * view is in words that old SQLite programs know as well.
 */
const version3 = `
  CREATE TABLE runs (
    channel TEXT NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    time INTEGER NOT NULL,
    persist INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    key TEXT,
    heads TEXT NOT NULL,
    data TEXT NOT NULL,
    seq INTEGER PRIMARY KEY
  );
  INSERT INTO runs (channel, last, count, time, persist, rank, key, heads, data, seq)
    SELECT channel, offset, 1, time, persist, rank, CASE keyed WHEN 1 THEN id END,
      json_array(json_array(NULL, id, type, user, connection, client)), data, seq
    FROM message_log ORDER BY seq;
  DROP VIEW messages;
  DROP TABLE message_log;
  CREATE UNIQUE INDEX runs_place ON runs (channel, last);
  CREATE INDEX runs_passing ON runs (time) WHERE persist = 0;
  CREATE INDEX runs_keyed ON runs (channel, key) WHERE key IS NOT NULL;
  CREATE VIEW messages AS SELECT
    channel, offset, id, type, user,
    CASE WHEN NOT json_valid(data) THEN data
         WHEN json_type(data) = 'text' THEN json_extract(data, '$')
         WHEN json_type(data) = 'object' AND json_type(data, '$.text') = 'text' THEN json_extract(data, '$.text')
         ELSE data END AS text,
    data,
    strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch') AS created_at,
    time, persist, connection, client, seq
  FROM (
    SELECT
      channel, offset, seq, time, persist,
      json_extract(head, '$[1]') AS id,
      json_extract(head, '$[2]') AS type,
      json_extract(head, '$[3]') AS user,
      json_extract(head, '$[4]') AS connection,
      json_extract(head, '$[5]') AS client,
      CASE count WHEN 1 THEN data ELSE substr(pair, 2, length(pair) - 7) END AS data
    FROM (
      -- Of two paths json_extract makes an array of JSON texts, here "[…,null]".
      SELECT runs.*, last - count + 1 + heads.key AS offset, heads.value AS head,
        json_extract('[' || data || ']', '$[' || heads.key || ']', '$.none') AS pair
      FROM runs, json_each(runs.heads) AS heads
    )
  );
`;

/**
 * Channels are forgotten. `life` is the number of the channel's life (see life.ts), `used` the time of its last use, in
 * Unix milliseconds, and `idle` says that nothing of it was kept when the row was written: `channels_idle` has those
 * that may be due, the longest unused first.
 */
const version4 = `
  ALTER TABLE channels ADD COLUMN life INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE channels ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE channels ADD COLUMN idle INTEGER NOT NULL DEFAULT 1;
  CREATE INDEX channels_idle ON channels (used) WHERE idle = 1;
`;

/** Publishers' ids count within their space of the channel. Those that are remembered are taken for the back ends'. */
const idSpaces = ['ids_0', 'ids_1']
  .map(
    (table) => `
  ALTER TABLE ${table} RENAME TO ${table}_before;
  CREATE TABLE ${table} (
    channel TEXT, id TEXT, space TEXT, offset INTEGER, time INTEGER, PRIMARY KEY (channel, id, space)
  ) WITHOUT ROWID;
  INSERT INTO ${table} (channel, id, space, offset, time) SELECT channel, id, '', offset, time FROM ${table}_before;
  DROP TABLE ${table}_before;
`,
  )
  .join('');

/** For people, who published: the user, else what a guest is called. The column `client` tells the one from the other. */
const guestNames = `
  DROP VIEW messages;
  ${version3
    .slice(version3.indexOf('CREATE VIEW messages'))
    .replace(
      "json_extract(head, '$[3]')",
      "coalesce(json_extract(head, '$[3]'), json_extract(head, '$[5]'))",
    )}
`;

/** Bytes of kept messages, by channel and by account (usage.ts): counted from here on. */
const usage = `
  CREATE TABLE usage (key TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
`;

/** From each version to the next. A released entry is never changed. */
export const migrations: readonly string[] = [
  version1,
  version2,
  version3,
  version4,
  idSpaces,
  guestNames,
  usage,
];
/** `PRAGMA user_version` of files that this code reads and writes. */
export const schemaVersion = migrations.length;

/** Brings the file to this version, in one transaction. Throws a StartError for a file that it must not touch. */
export function migrate(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version');
  const owner = pragma(database, 'application_id');
  if (owner !== applicationId && !(owner === 0 && version === 0 && isEmpty(database))) {
    throw new StartError(
      `DATABASE_PATH: ${path} is a SQLite file of another program. Move it away, or name another path.`,
    );
  }
  if (version > schemaVersion) {
    throw new StartError(
      `DATABASE_PATH: ${path} was written by a newer Fanwire (its format is ${version}, this one knows ${schemaVersion}). ` +
        'Start that version again, or name another path.',
    );
  }
  if (version === schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  for (const migration of migrations.slice(version)) database.exec(migration);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

export function readMeta(database: DatabaseSync, key: string): string | undefined {
  const row = database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
  return row === undefined ? undefined : String(row.value);
}

export function writeMeta(database: DatabaseSync, key: string, value: string): void {
  database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}
