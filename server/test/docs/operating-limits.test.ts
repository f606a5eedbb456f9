import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { Figures } from '../ops/figures.ts';
import { eventually } from '../support/eventually.ts';
import { rawAnswer } from '../support/raw-socket.ts';
import { TestServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';
import { root } from './document.ts';
import { Installation, page, readEnv } from './installation.ts';
import { prints, type Running } from './shell.ts';

const linux = { skip: process.platform !== 'linux' };
const serve = `exec '${process.execPath}' '${join(root, 'server/src/main.ts')}' serve`;

/** A server of a terminal with this `ulimit`. */
class Limited {
  readonly running: Running;
  url = '';

  constructor(place: Installation, ulimit: string) {
    const settings = `PORT=0 DATABASE_PATH='${place.database}' MAX_CONNECTIONS_TOTAL=500`;
    this.running = place.run(`ulimit ${ulimit}; ${settings} ${serve}`);
  }

  async listening(): Promise<void> {
    await prints(this.running.printed, ['Fanwire is listening on ', '\n']);
    this.url = /listening on (\S+)/.exec(this.running.output)?.[1] ?? '';
  }

  async value(name: string): Promise<number> {
    const answer = await fetch(`${this.url}/metrics`, { headers: { connection: 'close' } });
    return new Figures(await answer.text()).value(name);
  }

  healthy(): Promise<boolean> {
    return fetch(`${this.url}/health`, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

/** Connects until the server cannot take any more. */
async function fill(limited: Limited, fw: TestServer): Promise<SocketClient[]> {
  const sockets: SocketClient[] = [];
  for (;;) {
    const socket = await fw.socket('/ws/connect').catch(() => null);
    if (socket === null) return sockets;
    sockets.push(socket);
    assert.ok(sockets.length < 100, limited.running.output);
  }
}

describe('docs/operating.md: file descriptors', linux, () => {
  it('the soft limit is raised to the hard one', async () => {
    await using place = new Installation();
    const limited = new Limited(place, '-Sn 100');
    await limited.listening();
    const hard = Number((await place.output('ulimit -Hn')).trim());
    assert.ok(hard > 100);
    assert.equal(await limited.value('process_max_fds'), hard);
  });

  it('when all but the last are taken, new clients are refused, and the others go on', async () => {
    await using place = new Installation();
    const limited = new Limited(place, '-n 80');
    await limited.listening();
    assert.equal(await limited.value('process_max_fds'), 80);
    await using fw = new TestServer(limited.url, systemClock, async () => {});
    const logged = limited.running.output;
    assert.match(logged, /"descriptors":80,"connections":500.*raise the limit/);
    const sockets = await fill(limited, fw);
    const [subscriber, publisher] = sockets;
    assert.ok(subscriber && publisher && sockets.length > 30 && sockets.length < 60, `${sockets.length}`);
    assert.equal((await rawAnswer(limited.url, '')).status, 503);
    assert.equal(await limited.healthy(), false);

    await subscriber.ask({ action: 'subscribe', data: { channel: 'news' } }, { type: 'subscribed' });
    publisher.send({ action: 'send_to_channel', data: { channel: 'news', content: 'still here' } });
    await subscriber.next({ type: 'text', content: 'still here' });
    const more = limited.running.output.slice(logged.length);
    assert.equal(more.match(/a limit cuts HTTP connections/g)?.length, 1, more);

    for (const socket of sockets.slice(2)) socket.close();
    await eventually(() => limited.healthy(), 'new clients get in again');
    assert.ok((await limited.value('fanwire_http_cuts_total')) > 0);
    assert.equal(await limited.value('fanwire_connections_refused_total'), 0);
    assert.equal(await limited.value('fanwire_internal_faults_total'), 0);
  });

  it('the server itself takes about 30', async () => {
    await using place = new Installation();
    const limited = new Limited(place, '-n 200');
    await limited.listening();
    const open = await limited.value('process_open_fds');
    assert.ok(open >= 20 && open <= 40, `${open}`);
  });
});

describe('docs/operating.md: memory', linux, () => {
  it('a server takes about 100 MB at the start', async () => {
    await using place = new Installation();
    const limited = new Limited(place, '-n 200');
    await limited.listening();
    const megabytes = (await limited.value('process_resident_memory_bytes')) / 1e6;
    assert.ok(megabytes > 70 && megabytes < 160, `${megabytes} MB`);
  });
});

describe('docs/operating.md: the kernel', linux, () => {
  it('has the settings that the page sets', () => {
    const names = Object.keys(readEnv(page.file('60-fanwire.conf'))).map((name) => name.trim());
    assert.ok(names.length > 0);
    for (const name of names) assert.ok(existsSync(`/proc/sys/${name.replaceAll('.', '/')}`), name);
  });

  it('keeps a port range that does not have the port of the server', async () => {
    await using place = new Installation();
    const [, from] = /ip_local_port_range = (\d+) /.exec(page.file('60-fanwire.conf')) ?? [];
    assert.ok(Number(place.env.PORT) < Number(from));
  });

  it('is asked for a queue of 4096, and gives what somaxconn allows', async (test) => {
    await using place = new Installation();
    const limited = new Limited(place, '-n 200');
    await limited.listening();
    const filter = `sport = :${new URL(limited.url).port}`;
    const { error, stdout } = spawnSync('ss', ['-Hlnt', filter], { encoding: 'utf8' });
    if (error) test.diagnostic('ss is not here: the queue was not looked at');
    else {
      const allowed = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
      assert.equal(Number(/^LISTEN\s+0\s+(\d+)\s/.exec(stdout)?.[1]), Math.min(4096, allowed));
    }
  });
});
