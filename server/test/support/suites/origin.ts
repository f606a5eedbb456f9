import { describe, it } from 'node:test';
import type { Door } from '../doors.ts';
import { refused } from '../refusals.ts';
import { type TestServer, testSecret, testServer } from '../server.ts';
import type { SocketClient } from '../socket-client.ts';

const production = { NODE_ENV: 'production', JWT_SECRET: testSecret };

/** PROTOCOLS.md, "Common rules": Origin. */
export function originSuite(door: Door): void {
  describe(`${door.name}: Origin`, () => {
    const from = async (fw: TestServer, origin?: string): Promise<SocketClient> =>
      fw.socket(`${door.path('lobby')}&token=${await fw.token('ann')}`, {
        headers: origin === undefined ? {} : { origin },
      });
    const passes = (title: string, env: Readonly<Record<string, string>>, origins: readonly string[]) =>
      it(title, async () => {
        await using fw = await testServer({ env });
        for (const origin of origins) await from(fw, origin);
      });
    const fails = (title: string, env: Readonly<Record<string, string>>, origins: readonly string[]) =>
      it(title, async () => {
        await using fw = await testServer({ env });
        for (const origin of origins) await refused(from(fw, origin), 403, 'forbidden');
      });

    if (door.name === 'room') {
      it('it is required', async () => {
        await using fw = await testServer({ env: { ALLOWED_ORIGINS: '*' } });
        await refused(from(fw), 403, 'forbidden');
      });
    } else {
      it('it may be absent, in production too', async () => {
        await using fw = await testServer({ env: production });
        await from(fw);
      });
    }

    it('the server’s own origin passes; in production that is the one of PUBLIC_URL and ALLOWED_HOSTS', async () => {
      await using fw = await testServer();
      await from(fw, fw.url);
      await using unnamed = await testServer({ env: production });
      await refused(from(unnamed, unnamed.url), 403, 'forbidden');
      const names = { PUBLIC_URL: 'https://fan.example.com', ALLOWED_HOSTS: '127.0.0.1' };
      await using named = await testServer({ env: { ...production, ...names } });
      await from(named, named.url);
      await from(named, 'https://fan.example.com');
    });

    const loopback = [
      'http://localhost:3000',
      'https://127.0.0.1',
      'http://127.9.9.9:1',
      'http://[::1]:8080',
    ];
    passes('outside production any loopback origin passes', {}, loopback);
    fails('in production a loopback origin is 403', production, loopback);

    fails('another origin is 403, and so is one that only looks like a loopback one', {}, [
      'https://example.com',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'null',
      'nonsense',
      '',
    ]);

    const allowed = { ...production, ALLOWED_ORIGINS: 'https://app.example.com,http://intern:8080' };
    passes('ALLOWED_ORIGINS lets its origins in, in any case and with the default port', allowed, [
      'https://app.example.com',
      'HTTPS://App.Example.com:443',
      'http://intern:8080',
    ]);
    fails('scheme, host and port have to be the same: nothing is matched by its end', allowed, [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://evil-app.example.com',
      'https://app.example.com.evil.org',
      'https://example.com',
      'http://intern',
    ]);
    passes('ALLOWED_ORIGINS=* lets every origin in', { ...production, ALLOWED_ORIGINS: '*' }, [
      'https://anything.example.org',
      'null',
    ]);
  });
}
