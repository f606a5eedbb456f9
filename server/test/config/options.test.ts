import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { channelSet } from '../../src/access/channel-set.ts';
import { rows } from '../../src/config/schema.ts';
import { durationScale, type Setting, takesDecimals } from '../../src/config/setting.ts';
import type { Settings } from '../../src/config/settings.ts';
import { type FanwireOptions, settingsOf } from '../../src/embed/options.ts';
import { createServer } from '../../src/index.ts';
import { embedded, inMemory } from '../support/embedded.ts';
import { startFailure } from '../support/rejections.ts';
import { testSecret } from '../support/server.ts';
import { rsaKeys, strongSecret } from './support.ts';

type Loose = Readonly<Record<string, unknown>>;

/** As a program in JavaScript would hand them over. */
function loose(options: Loose): FanwireOptions {
  return options as FanwireOptions;
}

function settings(options: Loose): Settings {
  return settingsOf(loose({ ...inMemory, ...options }));
}

/** The lines of problems that these options have. */
async function problems(options: Loose): Promise<string[]> {
  const [heading = '', ...lines] = (await startFailure(createServer(loose(options)))).split('\n');
  assert.match(heading, lines.length === 1 ? /^A setting is wrong:$/ : /^\d+ settings are wrong:$/);
  return lines.map((line) => line.trim());
}

async function problem(options: Loose): Promise<string> {
  const [line = '', ...others] = await problems(options);
  assert.deepEqual(others, []);
  return line;
}

/** Values that a setting may have and that are not its default, where it may have any others. */
const special: Readonly<Record<string, unknown>> = {
  'listen.host': '0.0.0.0',
  'listen.basePath': '/realtime',
  'pages.enabled': false,
  'pages.console': false,
  'limits.backlogLatest': 'price.*,score',
  'limits.backlogDrop': 'log-*',
  'engine.databasePath': '/nowhere/fanwire.db',
  'engine.keyPrefix': 'mine',
  'jwt.secret': strongSecret,
  'jwt.previousSecret': strongSecret,
  'jwt.algorithms': 'HS512',
  'jwt.publicKey': rsaKeys.publicKey,
  'jwt.jwksUrl': 'https://issuer.example.com/keys',
  'jwt.issuer': 'the-issuer',
  'jwt.audience': 'the-audience',
  'apiKeys.header': 'X-My-Key',
  'apiKeys.keys': `reader:read:${strongSecret}`,
  'networks.trustedProxies': '192.0.2.0/24',
  'networks.allowed': '192.0.2.0/24',
  'networks.denied': '192.0.2.0/24',
  'hosts.publicUrl': 'https://fan.example.com',
  'hosts.allowed': 'fan.example.com,fan.internal',
  'origins.allowed': 'https://app.example.com',
};

function otherValue(name: string, setting: Setting): unknown {
  if (name in special) return special[name];
  switch (setting.kind) {
    case 'boolean':
      return !setting.default;
    case 'choice':
      return setting.choices.find((choice) => choice !== setting.default);
    case 'text':
    case 'list':
    case 'secret':
      return assert.fail(`no value for ${name}`);
    default:
      return takesDecimals(setting) ? setting.min + 1.5 : setting.min + 1;
  }
}

/** What stands in the settings for a value of an option. */
function inForce(setting: Setting, value: unknown): unknown {
  const { kind } = setting;
  const isDuration = kind === 'milliseconds' || kind === 'seconds' || kind === 'minutes';
  return isDuration ? Math.round(Number(value) * durationScale[kind]) : value;
}

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'fanwire-options-'));
  const before = process.cwd();
  process.chdir(directory);
  t.after(() => {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  });
  return directory;
}

describe('options of createServer', () => {
  // Of a program's server there is one thread: another number is refused.
  for (const { group, key, setting } of rows.filter(
    ({ group, key }) => group !== 'node' && key !== 'workers',
  )) {
    const name = `${group}.${key}`;
    it(`takes ${name} in its unit`, () => {
      const value = otherValue(name, setting);
      const own = { [group]: { ...(group === 'jwt' ? inMemory.jwt : {}), [key]: value } };
      const { [group as keyof Settings]: read } = settingsOf(loose(own));
      const actual: unknown = (read as unknown as Loose)[key];
      switch (name) {
        case 'jwt.algorithms':
          return assert.deepEqual(actual, ['HS512']);
        case 'origins.allowed':
          return assert.deepEqual(actual, ['https://app.example.com']);
        case 'networks.trustedProxies':
        case 'networks.allowed':
        case 'networks.denied':
          return assert.deepEqual(actual, ['192.0.2.0/24']);
        case 'hosts.allowed':
          return assert.deepEqual(actual, ['fan.example.com', 'fan.internal']);
        case 'limits.backlogLatest':
        case 'limits.backlogDrop':
          assert.deepEqual(actual, channelSet(String(value).split(',')));
          return assert.notDeepEqual(actual, channelSet([]));
        case 'apiKeys.header':
          return assert.equal(actual, 'x-my-key');
        case 'apiKeys.keys': {
          const [first, ...others] = actual as Settings['apiKeys']['keys'];
          assert.deepEqual([first?.name, [...(first?.scopes ?? [])], others], ['reader', ['read'], []]);
          return;
        }
        case 'jwt.publicKey':
          return assert.equal(String(actual).trim(), rsaKeys.publicKey.trim());
        default:
          assert.deepEqual(actual, inForce(setting, value));
          assert.notDeepEqual(actual, inForce(setting, setting.default), 'the default proves nothing');
      }
    });
  }

  it('have the defaults of the settings', () => {
    const { listen, limits, jwt, engine } = settingsOf({ jwt: { secret: testSecret } });
    assert.deepEqual(listen, { host: '127.0.0.1', port: 8000, basePath: '', workers: 1 });
    assert.equal(limits.connections, 1000);
    assert.equal(jwt.expiry, 3_600_000);
    assert.deepEqual([engine.kind, engine.databasePath], ['sqlite', 'data/chat.db']);
  });

  it('take an engine by its name alone', () => {
    assert.equal(settingsOf({ engine: 'memory' }).engine.kind, 'memory');
    assert.equal(settingsOf({ engine: 'sqlite', jwt: inMemory.jwt }).engine.kind, 'sqlite');
    assert.equal(settingsOf({ engine: { kind: 'memory' } }).engine.kind, 'memory');
  });

  it('that are undefined are left out', () => {
    const { listen, chat } = settings({ listen: undefined, chat: { historyOnJoin: undefined } });
    assert.equal(listen.port, 8000);
    assert.equal(chat.historyOnJoin, 50);
  });

  it('take lists and API keys as arrays', () => {
    const keys = [`reader:read:${strongSecret}`, 'another-key-of-16-characters'];
    const { origins, apiKeys, jwt } = settings({
      origins: { allowed: ['https://a.example.com', 'https://b.example.com'] },
      apiKeys: { keys },
      jwt: { secret: testSecret, algorithms: ['HS256', 'HS512'] },
    });
    assert.deepEqual(origins.allowed, ['https://a.example.com', 'https://b.example.com']);
    assert.deepEqual(
      apiKeys.keys.map(({ name }) => name),
      ['reader', 'key2'],
    );
    assert.deepEqual(jwt.algorithms, ['HS256', 'HS512']);
  });

  it('take an empty array as none', () => {
    const { origins, apiKeys } = settings({ origins: { allowed: [] }, apiKeys: { keys: [] } });
    assert.deepEqual([origins.allowed, apiKeys.keys], [[], []]);
  });
});

describe('wrong options of createServer', () => {
  const wrong: readonly [string, Loose, RegExp][] = [
    ['a text for a number', { listen: { port: '8000' } }, /^option listen\.port is the text "8000"; .*65535/],
    ['a number out of range', { listen: { port: 65_536 } }, /^option listen\.port is 65536; .*0 to 65535/],
    [
      'a number below the range',
      { limits: { connections: 0 } },
      /^option limits\.connections is 0; .*from 1/,
    ],
    ['NaN', { listen: { port: Number.NaN } }, /^option listen\.port is NaN; /],
    ['infinity', { history: { ttl: Number.POSITIVE_INFINITY } }, /^option history\.ttl is Infinity; /],
    ['a fraction', { limits: { messageRate: 1.5 } }, /^option limits\.messageRate is 1\.5; .*whole number/],
    ['a number for a text', { listen: { host: 1 } }, /^option listen\.host is 1; .*in quotes/],
    [
      'a text for a boolean',
      { sse: { enabled: 'true' } },
      /^option sse\.enabled is the text "true"; .*true or false/,
    ],
    ['a choice that is none', { log: { level: 'loud' } }, /^option log\.level is the text "loud"; .*trace/],
    ['an array for a number', { chat: { historyOnJoin: [1] } }, /^option chat\.historyOnJoin is a list; /],
    ['an object for a number', { chat: { historyOnJoin: {} } }, /^option chat\.historyOnJoin is a group; /],
    ['a function', { listen: { port: () => 1 } }, /^option listen\.port /],
    ['a list of other things', { origins: { allowed: [1] } }, /^option origins\.allowed is a list; /],
    [
      'an engine that is none',
      { engine: 'redis' },
      /^option engine\.kind is the text "redis"; .*memory, sqlite/,
    ],
    [
      'an origin that is none',
      { origins: { allowed: ['app.example.com'] } },
      /^option origins\.allowed.*scheme/,
    ],
    ['no object for a group', { listen: 8000 }, /^option listen is a number; it takes an object\.$/],
    ['an array for a group', { listen: [8000] }, /^option listen is an array; it takes an object\.$/],
    ['null for a group', { listen: null }, /^option listen is null; it takes an object\.$/],
    [
      'an unknown group',
      { websockets: { enabled: true } },
      /^option unknown group "websockets"; did you mean websocket\?$/,
    ],
    ['a group like none', { zzzzzz: {} }, /^option unknown group "zzzzzz"; the groups are .*listen/],
    [
      'an unknown key',
      { listen: { prot: 1 } },
      /^option unknown setting "listen\.prot"; did you mean listen\.port\?$/,
    ],
    ['a key in snake case', { chat: { history_on_join: 1 } }, /did you mean chat\.historyOnJoin\?$/],
    [
      'a variable of the environment',
      { PORT: 1 },
      /^option unknown group "PORT"; did you mean listen\.port\?$/,
    ],
    [
      'a key without its group',
      { maxMessageSize: 1 },
      /did you mean websocket\.maxMessageSize or sse\.maxMessageSize\?$/,
    ],
    [
      'a name that every object has',
      JSON.parse('{"__proto__": {"port": 1}}'),
      /^option unknown group "__proto__"/,
    ],
    [
      'a key that every object has',
      { listen: { constructor: 1 } },
      /^option unknown setting "listen\.constructor"/,
    ],
  ];
  for (const [title, options, expected] of wrong) {
    it(`are refused: ${title}`, async () =>
      assert.match(await problem({ ...inMemory, ...options }), expected));
  }

  it('are named all at once', async () => {
    const lines = await problems({
      ...inMemory,
      listen: { port: -1, host: 7 },
      nope: {},
      sse: { retry: 'x' },
    });
    assert.equal(lines.length, 4);
    for (const name of ['listen.port', 'listen.host', '"nope"', 'sse.retry']) {
      assert.ok(
        lines.some((line) => line.startsWith('option ') && line.includes(name)),
        `${name} in ${lines.join('\n')}`,
      );
    }
  });

  it('leave a key of the other kind to its own name', async () => {
    const line = await problem({
      engine: 'memory',
      jwt: { secret: testSecret, algorithms: ['HS256', 'RS256'] },
    });
    assert.match(line, /^option jwt\.algorithms names RS256, which fits no configured key/);
  });

  it('never show a secret', async () => {
    const secret = strongSecret.slice(0, 20);
    const wrongs: readonly Loose[] = [
      { production: true, jwt: { secret } },
      { jwt: { secret: [secret] } },
      { jwt: { secret: { secret } } },
      { jwt: { secret: `-----BEGIN PUBLIC KEY-----${secret}` } },
      { production: true, jwt: { secret: strongSecret, previousSecret: secret } },
      { apiKeys: { keys: [`two:${secret}`] } },
      { apiKeys: { keys: [`name:nothing:${secret}`] } },
      { apiKeys: { keys: { secret } } },
      { jwt: { jwksUrl: `https://user:${secret}@example.com/` } },
    ];
    for (const options of wrongs) {
      const message = await startFailure(createServer(loose({ engine: 'memory', ...options })));
      assert.ok(!message.includes(secret), message);
      assert.match(message, /option (jwt|apiKeys)\./);
    }
  });

  it('leave nothing behind', async (t) => {
    const directory = emptyDirectory(t);
    await startFailure(createServer(loose({ listen: { port: -1 } })));
    assert.deepEqual(readdirSync(directory), []);
  });
});

describe('production and the environment of an embedded server', () => {
  it('is no production by itself', () => {
    assert.equal(settings({}).production, false);
  });

  it('honours NODE_ENV of the process', (t) => {
    const before = process.env.NODE_ENV;
    t.after(() => {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    });
    process.env.NODE_ENV = 'production';
    assert.equal(settings({}).production, true);
    assert.equal(settings({ production: false }).production, false);
    process.env.NODE_ENV = 'test';
    assert.equal(settings({}).production, false);
    assert.equal(settings({ production: true }).production, true);
  });

  it('refuses a weak secret in production, and none at all', async () => {
    assert.match(
      await problem({ engine: 'memory', production: true, jwt: { secret: 'short' } }),
      /^option jwt\.secret has 5 bytes/,
    );
    assert.match(
      await problem({ engine: 'memory', production: true }),
      /is not set, and production makes none up/,
    );
  });

  it('does not read the environment by itself', (t) => {
    t.after(() => {
      delete process.env.CHAT_HISTORY_ON_JOIN;
    });
    process.env.CHAT_HISTORY_ON_JOIN = '7';
    assert.equal(settings({}).chat.historyOnJoin, 50);
    assert.equal(settings({ env: process.env }).chat.historyOnJoin, 7);
  });

  it('lets options win over the environment, aliases included', () => {
    const env = {
      PORT: '9000',
      CHAT_HISTORY_ON_JOIN: '7',
      WS_JWT_SECRET_KEY: 'of the environment, with some more of it',
    };
    const { listen, chat, jwt } = settings({ env, listen: { port: 9001 } });
    assert.deepEqual([listen.port, chat.historyOnJoin, jwt.secret], [9001, 7, testSecret]);
  });

  it('does not even look at what the options have', () => {
    assert.equal(settings({ env: { PORT: 'nonsense' }, listen: { port: 9001 } }).listen.port, 9001);
  });

  it('names a wrong variable by its name', async () => {
    assert.match(await problem({ ...inMemory, env: { PORT: '80a' } }), /^PORT is "80a"; /);
    assert.match(
      await problem({ ...inMemory, env: { CHAT_HISTORY_ONJOIN: '1' } }),
      /did you mean CHAT_HISTORY_ON_JOIN/,
    );
  });

  it('writes no file with the engine memory', async (t) => {
    const directory = emptyDirectory(t);
    await using fw = await embedded({ engine: 'memory', jwt: {} });
    assert.equal((await fw.fanwire.createAccessToken('u1')).split('.').length, 3);
    await fw.fanwire.publish('news', 1, { persist: true });
    await fw.fanwire.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('makes another secret for every server that keeps nothing', () => {
    const secrets = [1, 2].map(() => settingsOf({ engine: 'memory' }).jwt.secret);
    assert.match(secrets[0] ?? '', /^[0-9a-f]{64}$/);
    assert.notEqual(secrets[0], secrets[1]);
  });

  it('keeps the development secret beside the file of the engine sqlite', (t) => {
    const directory = emptyDirectory(t);
    const options = { engine: { databasePath: join(directory, 'kept', 'chat.db') } };
    const { secret } = settingsOf(options).jwt;
    assert.ok(existsSync(join(directory, 'kept', 'jwt-secret')));
    assert.equal(settingsOf(options).jwt.secret, secret);
  });
});
