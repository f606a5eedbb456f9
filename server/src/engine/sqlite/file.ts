import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../errors.ts';
import { ownership } from '../../ownership.ts';
import { isDiskFull, isLocked } from './hindrance.ts';
import { migrate } from './schema.ts';

/**
 * Against what an acknowledged message is safe: `process`, the end of the process in any way (a power cut may take
 * the last moments); `disk`, a power cut too, at the price of an fsync for every tick.
 */
export type Durability = 'process' | 'disk';

/** Files up to this size are checked for damage when they are opened; that takes well under a second. */
const checkedBytes = 128 * 1024 * 1024;

/** A database and the lock that keeps a second server off it. */
export interface OpenFile {
  readonly database: DatabaseSync;
  close(): void;
}

/**
 * Opens or makes the file, and waits for nothing. Throws a StartError that says what is wrong with it and what to do;
 * or what `isLocked` knows, when another program holds the file.
 */
export function openFile(path: string, durability: Durability): OpenFile {
  makeDirectory(path);
  keepPrivate(path);
  const lock = takeLock(path);
  try {
    const database = openDatabase(path, durability);
    return {
      database,
      close() {
        database.close();
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

function makeDirectory(path: string): void {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (thrown) {
    throw new StartError(
      `DATABASE_PATH: the directory ${directory} cannot be made: ${reason(thrown)}. ${ownership(dirname(directory))}`.trim(),
    );
  }
}

/**
 * What people wrote to each other is for the owner of the file only, whatever the umask says. SQLite gives its other
 * files the rights of the first.
 */
function keepPrivate(path: string): void {
  try {
    const real = realPath(path);
    for (const made of [real, `${real}-lock`]) closeSync(openSync(made, 'a', 0o600));
    for (const file of [real, `${real}-lock`, `${real}-wal`, `${real}-shm`]) {
      if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    }
  } catch {
    // It is somebody else's, or cannot be made: whether it can be used is found out by opening it.
  }
}

/** An operating-system lock, so that it ends with the process however that ends. */
function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${realPath(path)}-lock`);
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock?.close();
    if (/locked/.test(reason(thrown))) {
      throw new StartError(
        `DATABASE_PATH: another Fanwire is using ${path}. Stop it, or give this one a path of its own.`,
      );
    }
    throw isDiskFull(thrown) ? noRoom(path) : unwritable(path, thrown);
  }
}

/** The same for every link to the file. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
}

function openDatabase(path: string, durability: Durability): DatabaseSync {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
  } catch (thrown) {
    throw unwritable(path, thrown);
  }
  try {
    prepare(database, path, durability);
    return database;
  } catch (thrown) {
    database.close();
    if (thrown instanceof StartError || isLocked(thrown)) throw thrown;
    if (/readonly|read-only|unable to open|disk I\/O/.test(reason(thrown))) throw unwritable(path, thrown);
    if (isDiskFull(thrown)) throw noRoom(path);
    throw damaged(path, reason(thrown));
  }
}

function prepare(database: DatabaseSync, path: string, durability: Durability): void {
  database.exec(`PRAGMA synchronous = ${durability === 'disk' ? 'FULL' : 'NORMAL'}`);
  refuseLocked(database);
  if (statSync(path).size <= checkedBytes) {
    const verdict = database.prepare('PRAGMA quick_check(1)').get();
    const text = String(verdict?.quick_check ?? 'no answer');
    if (text !== 'ok') throw damaged(path, text);
  }
  migrate(database, path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768');
  database.exec('BEGIN IMMEDIATE; COMMIT');
}

/** Before the file is read as a whole: whoever waits for a lock asks again and again. */
function refuseLocked(database: DatabaseSync): void {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
  } catch (thrown) {
    // What else is wrong with the file is found and told by what follows.
    if (isLocked(thrown)) throw thrown;
  }
}

/** For the operator of a server that is to start while another program holds the file. */
export function lockedAtStart(path: string): StartError {
  return new StartError(
    `DATABASE_PATH: another program holds a lock on ${path}. Close the database browser, the shell or the backup that has a transaction open in it (\`fuser ${path}\` names its process), and start again.`,
  );
}

function noRoom(path: string): StartError {
  return new StartError(
    `DATABASE_PATH: the disk of ${path} is full. Free space on it, or name another path.`,
  );
}

function unwritable(path: string, thrown: unknown): StartError {
  return new StartError(
    `DATABASE_PATH: ${path} cannot be opened for writing: ${reason(thrown)}. ${ownership(path)} Give this user the file and its folder (chown), or name another path.`,
  );
}

function damaged(path: string, detail: string): StartError {
  return new StartError(
    `DATABASE_PATH: ${path} is damaged or not a database (${detail}). Restore it from a backup, try \`sqlite3 ${path} .recover\`, ` +
      'or move it away to begin with an empty one.',
  );
}

function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
