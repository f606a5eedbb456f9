import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Durability } from '../../src/engine/sqlite/file.ts';
import { Life } from '../../src/engine/sqlite/life.ts';

/** Writes at once. */
const writer = { run: async <T>(work: () => T): Promise<T> => work() };

/** Opens the same database again and again, as servers on machines with these boot ids would. */
function database(): (boot: string, durability: Durability, file?: string) => Life {
  const meta = new DatabaseSync(':memory:');
  meta.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)');
  return (boot, durability, file = 'file-1') => new Life(meta, durability, { boot, file });
}

test('the epoch survives a process that was killed, as long as the machine ran on', () => {
  const open = database();
  assert.equal(open('boot-1', 'process').epoch, open('boot-1', 'process').epoch);
});

test('the machine stopped under unsynced commits: a new epoch', () => {
  const open = database();
  const first = open('boot-1', 'process').epoch;
  const second = open('boot-2', 'process').epoch;
  assert.notEqual(second, first);
  assert.equal(open('boot-2', 'disk').epoch, second);
});

test('the machine stopped after a clean end, or with every commit synced: the same epoch', async () => {
  const open = database();
  const first = open('boot-1', 'process');
  await first.end(writer);
  const synced = open('boot-2', 'disk');
  assert.equal(synced.epoch, first.epoch);
  assert.equal(open('boot-3', 'process').epoch, first.epoch);
});

test('a copy in the place of the file: a new epoch, even after a clean end and with every commit synced', async () => {
  const open = database();
  const first = open('boot-1', 'disk', 'file-1');
  await first.end(writer);
  const restored = open('boot-1', 'disk', 'file-2');
  assert.notEqual(restored.epoch, first.epoch);
  assert.equal(open('boot-1', 'disk', 'file-2').epoch, restored.epoch);
});
