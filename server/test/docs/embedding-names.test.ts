import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serverOptions } from '../../src/api/http-server.ts';
import { loadSettings } from '../../src/config/load.ts';
import { schema } from '../../src/config/schema.ts';
import type { Fanwire, FanwireEvents } from '../../src/index.ts';
import * as fanwire from '../../src/index.ts';
import { anchorsOf, root } from './document.ts';
import { codes, page, tableOf } from './embedding-page.ts';

/** Names of which the compiler knows that they are all that there are. */
function allOf<Name extends string>(names: Readonly<Record<Name, true>>): string[] {
  return Object.keys(names).sort();
}

const { text } = page;

describe('docs/embedding.md', () => {
  it('links to what is there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = join(root, 'docs', path || 'embedding.md');
      assert.ok(existsSync(file), target);
      if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(file, 'utf8')).includes(anchor), target);
    }
  });

  it('names settings that there are', () => {
    const groups: Readonly<Record<string, object>> = schema;
    const named = [...text.matchAll(/`([a-z]\w+)\.([a-z]\w+)`/gi)].filter(
      ([, group = '']) => group in groups,
    );
    assert.ok(named.length > 8);
    for (const [, group = '', key = ''] of named) assert.ok(key in (groups[group] ?? {}), `${group}.${key}`);
  });

  it('tells their defaults', () => {
    const { listen, sse, shutdown, history } = loadSettings({});
    assert.equal(listen.port, 8000);
    assert.equal(sse.maxMessageSize, 1024 * 1024);
    assert.equal(shutdown.timeout, 10_000);
    assert.deepEqual([history.idempotencyWindow, history.ttl], [5 * 60_000, 0]);
  });

  it('tells what limits a server of its own has', () => {
    const limits = Object.entries(serverOptions(1).http).filter(([name]) => text.includes(`\`${name}: `));
    assert.equal(limits.length, 4);
    for (const [name, limit] of limits) {
      const written = String(limit).replace(/(\d)(?=(?:\d{3})+$)/g, '$1_');
      assert.ok(text.includes(`\`${name}: ${written}\``), name);
    }
  });

  it('lists what the package exports', () => {
    const index = readFileSync(join(root, 'server/src/index.ts'), 'utf8');
    const exported = [...index.matchAll(/export (type )?\{([^}]+)\}/g)].flatMap(([, all, inner = '']) =>
      [...inner.matchAll(/(type )?(\w+)/g)].filter(([, own]) => all ?? own).map(([, , name = '']) => name),
    );
    const block = page.blocks.find(({ code }) => code.startsWith('import type'));
    const listed = (block?.code ?? '').split('} from')[0]?.match(/[A-Z]\w+/g) ?? [];
    assert.deepEqual(listed.toSorted(), exported.toSorted());
    const [, values] = /^and the values (.+)$/m.exec(text) ?? [];
    assert.deepEqual(codes(values).toSorted(), Object.keys(fanwire).toSorted());
  });

  it('lists every event', () => {
    const events = allOf<keyof FanwireEvents>({
      connect: true,
      disconnect: true,
      subscribe: true,
      unsubscribe: true,
      message: true,
    });
    const listed = tableOf('Event', 'Arguments', 'When').map(([event]) => codes(event)[0]);
    assert.deepEqual(listed.toSorted(), events);
  });

  it('describes every method', () => {
    const methods = allOf<keyof Fanwire>({
      url: true,
      listen: true,
      on: true,
      off: true,
      use: true,
      action: true,
      publish: true,
      broadcast: true,
      sendToUser: true,
      sendToChannel: true,
      history: true,
      presence: true,
      createAccessToken: true,
      disconnectUser: true,
      cleanupInactiveConnections: true,
      close: true,
    });
    for (const name of methods) assert.match(text, new RegExp(`\`(?:fanwire\\.)?${name}\\b`), name);
  });
});
