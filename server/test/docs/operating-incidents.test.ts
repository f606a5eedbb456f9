import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { signToken } from '../../src/access/token-signer.ts';
import { closeCodes } from '../../src/codes.ts';
import { scrape } from '../ops/figures.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { lacks } from '../support/needs.ts';
import { testSecret } from '../support/server.ts';
import { missing, textsOf } from './document.ts';
import { Installation, page } from './installation.ts';

describe('docs/operating.md: health and incidents', { skip: lacks('curl', 'sqlite3') }, () => {
  it('the calls answer what the page says, in its order', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    const mallory = await ChannelClient.open(fw, { user: 'mallory' });
    const member = await fw.socket(`/ws/connect?token=${await olderToken('ann')}`);
    await member.ask({ action: 'subscribe', data: { channel: 'news' } }, { type: 'subscribed' });
    const headers = { 'x-api-key': place.pasted('PASTE_A_KEY') };
    const leak = { channel: 'news', data: 'a password', id: 'leak-1' };
    assert.equal((await fw.call('POST', '/api/publish', leak, headers)).status, 200);

    const calls = page.blocks.filter(
      ({ mark, code }) => mark.startsWith('runs in sh, ') && code.includes('curl '),
    );
    let exports = '';
    for (const { mark, code } of calls) {
      const output = await place.output(`${exports}${code}`.replaceAll('curl ', 'curl -sS '));
      assert.equal(missing(output, textsOf(mark)), null, `${code}\n${output}`);
      for (const line of code.match(/^export .+$/gm) ?? []) exports += `${line}\n`;
      if (code.includes('"user_id":"mallory"')) {
        assert.equal((await mallory.socket.closed).code, closeCodes.tokenExpired.code);
      }
      if (code.includes('issued_before')) {
        assert.equal((await member.closed).code, closeCodes.tokenExpired.code);
      }
    }
    assert.equal(calls.length, 7);
    const { body } = await fw.call('GET', '/api/channels/news/messages', undefined, headers);
    assert.deepEqual(
      body.messages.filter(({ type }: { type: string }) => type !== 'deleted'),
      [],
    );
  });

  it('closing the connections of a user is no ban', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    const mallory = await ChannelClient.open(fw, { user: 'mallory' });
    const headers = { 'x-api-key': place.pasted('PASTE_ANOTHER_KEY') };
    const { body } = await fw.call('POST', '/api/users/mallory/disconnect', undefined, headers);
    assert.deepEqual(body, { ok: true, closed: 1 });
    assert.equal((await mallory.socket.closed).code, closeCodes.administrator.code);
    await ChannelClient.open(fw, { user: 'mallory' });
  });
});

/** `issued_before` of this second leaves the tokens of this second. */
function olderToken(user: string): Promise<string> {
  const clock = new FakeClock(Date.now() - 60_000);
  return signToken({ secret: testSecret, algorithm: 'HS256', user, ttlSeconds: 3600, clock });
}

/** Another program holds the file for writing meanwhile. */
async function whileLocked(database: string, work: () => Promise<void>): Promise<void> {
  const other = spawn('sqlite3', ['-bail', database], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(other, 'close');
  try {
    other.stdin.write(".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n");
    await once(other.stdout, 'data');
    await work();
  } finally {
    other.kill('SIGKILL');
    await ended;
  }
}

describe('docs/operating.md: logs', { skip: lacks('sqlite3') }, () => {
  it('a server that cannot write is not ready, and a warning of that is found', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    await whileLocked(place.database, async () => {
      const { status, body } = await fw.call('GET', '/ready');
      assert.equal(status, 503);
      assert.deepEqual(body.error.details, { checks: { engine: 'failed' } });
      assert.equal((await fw.call('GET', '/health')).status, 200);
    });
    assert.equal((await fw.call('GET', '/ready')).status, 200);

    const journal = place.directory.join('journal');
    writeFileSync(journal, place.log);
    const journalctl = place.directory.join('bin', 'journalctl');
    writeFileSync(journalctl, `#!/bin/sh\ncat '${journal}'\n`);
    chmodSync(journalctl, 0o755);
    const [block] = page.blocks.filter(({ mark }) => mark.startsWith('runs with journalctl, '));
    assert.ok(block);
    const found = await place.output(block.code);
    assert.equal(missing(found, textsOf(block.mark)), null);
    const lines = found
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.ok(lines.some(({ level, msg }) => level === 40 && msg === 'not ready'));
  });
});

describe('docs/operating.md: monitoring', () => {
  it('scrapes where the server listens', async () => {
    const { scrape_configs: jobs } = parse(page.file('prometheus.yml'));
    await using place = new Installation();
    const { HOST, PORT } = place.env;
    assert.deepEqual(jobs[0].static_configs[0].targets, [`${HOST}:${PORT}`]);
    assert.equal(jobs[0].job_name, 'fanwire');
  });

  it('asks for metrics that a running server has', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    const { types } = await scrape(fw, { 'x-api-key': place.pasted('PASTE_ANOTHER_KEY') });
    const mentioned = page.text.match(/\b(fanwire|process|nodejs)_[a-z0-9_]+/g) ?? [];
    assert.ok(mentioned.length > 8);
    for (const name of mentioned) assert.ok(types.has(name), name);
  });

  it('has rules of the right shape', () => {
    const { groups } = parse(page.file('alerts.yml'));
    for (const { alert, expr, annotations } of groups[0].rules) {
      assert.match(alert, /^Fanwire[A-Z]\w+$/);
      assert.match(expr, /(fanwire|process|nodejs)_\w+|up\{job="fanwire"\}/);
      assert.ok(annotations.summary.length > 0);
    }
  });
});

describe('docs/operating.md', () => {
  it('has no snippet that is neither run nor excused', () => {
    for (const { mark, code } of page.blocks) assert.match(mark, /^(file|runs|not run:) /, code);
  });
});
