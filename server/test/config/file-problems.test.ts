import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFile } from '../../src/config/file.ts';
import { loadSettings } from '../../src/config/load.ts';
import { StartError } from '../../src/errors.ts';
import { fileProblems, strongSecret } from './support.ts';

const wrong: [text: string, problem: string | RegExp][] = [
  // Types
  [
    'listen:\n  port: "8000"',
    'fanwire.yaml:2: listen.port is the text "8000"; it takes a whole number from 0 to 65535, without quotes.',
  ],
  [
    '\n\nlisten: { port: 70000 }',
    /^fanwire\.yaml:3: listen\.port is 70000; it takes a whole number from 0 to 65535\.$/,
  ],
  ['listen: { port: 1.5 }', /^fanwire\.yaml:1: listen\.port is 1\.5; it takes a whole number/],
  ['listen: { port: .inf }', /listen\.port is Infinity; it takes/],
  ['listen: { port: true }', /listen\.port is true; it takes a whole number .*, without quotes\.$/],
  ['listen: { port: { a: 1 } }', /listen\.port is a group; it takes/],
  ['listen: { port: [1] }', /listen\.port is a list; it takes/],
  [
    'listen: { host: 127 }',
    'fanwire.yaml:1: listen.host is 127; it takes a host name or an IP address, in quotes.',
  ],
  [
    'sse: { enabled: yes }',
    'fanwire.yaml:1: sse.enabled is the text "yes"; it takes true or false, without quotes.',
  ],
  ['sse: { enabled: 1 }', /sse\.enabled is 1; it takes true or false/],
  ['log: { level: loud }', /log\.level is the text "loud"; it takes one of trace, /],
  [
    'engine: { kind: redis }',
    /it takes one of memory, sqlite\. This version has the engines memory and sqlite only\.$/,
  ],
  ['relay: { pingInterval: 1.2345 }', /is 1\.2345; it takes a number of seconds from 0\.05 to 86400\.$/],
  [
    'jwt: { secret: 12345678 }',
    'fanwire.yaml:1: jwt.secret is a number; it takes a text, in production of at least 32 bytes, in quotes.',
  ],
  ['origins: { allowed: [1] }', /origins\.allowed is a list; it takes origins/],
  // Deeper checks name the place in the file, too
  ['\njwt: { algorithms: HS1 }', /^fanwire\.yaml:2: jwt\.algorithms names "HS1"; it takes one or several/],
  [
    'apiKeys: { keys: ["a:reed:b"] }',
    'fanwire.yaml:1: apiKeys.keys: entry 1 has scopes other than publish, read, manage joined by "+".',
  ],
  ['origins: { allowed: example.com }', /^fanwire\.yaml:1: origins\.allowed: entry 1, "example\.com", /],
  [
    'node: { environment: prodution }',
    /^fanwire\.yaml:1: node\.environment is "prodution"; did you mean production\.$/,
  ],
  // Names
  ['websockets: {}', 'fanwire.yaml:1: unknown group "websockets"; did you mean websocket?'],
  ['PORT: 8000', 'fanwire.yaml:1: unknown group "PORT"; did you mean listen.port?'],
  ['port: 8000', 'fanwire.yaml:1: unknown group "port"; did you mean listen.port?'],
  [
    'heartbeatInterval: 3',
    /did you mean room\.heartbeatInterval or websocket\.heartbeatInterval or sse\.heartbeatInterval\?$/,
  ],
  ['redis: {}', /unknown group "redis"; the groups are node, listen, engine, /],
  ['listen: { prot: 8000 }', 'fanwire.yaml:1: unknown setting "listen.prot"; did you mean listen.port?'],
  ['chat: { history_on_join: 5 }', /did you mean chat\.historyOnJoin\?$/],
  ['websocket: { heartbeat: 5 }', /did you mean websocket\.heartbeatInterval\?$/],
  ['websocket: { windowSize: 5 }', /did you mean history\.windowSize\?$/],
  ['websocket: { WS_API_KEYS: x }', /did you mean apiKeys\.keys\?$/],
  [
    'relay: { colour: 5 }',
    /unknown setting "relay\.colour"; relay has authRequired, pingInterval, pongTimeout\.$/,
  ],
  ['relay: { __proto__: 5, constructor: 5 }', /unknown setting "relay\.__proto__"/],
  // Shape and syntax
  ['listen:\n  port: 1\n  port: 2', 'fanwire.yaml:3: listen.port is set twice, first on line 2.'],
  ['sse:\n  retry: 1\nlisten:\nsse:\n  retry: 2', 'fanwire.yaml:4: sse is set twice, first on line 1.'],
  ['listen: 8000', 'fanwire.yaml:1: listen is a number; it takes names, each with its value.'],
  ['listen: [port]', 'fanwire.yaml:1: listen is a list; it takes names, each with its value.'],
  ['- listen', 'fanwire.yaml:1: the file is a list; it takes names, each with its value.'],
  ['listen', 'fanwire.yaml:1: the file is a string; it takes names, each with its value.'],
  ['? [a]\n: 1', 'fanwire.yaml:1: a name is missing, or is no plain text.'],
  ['listen:\n\tport: 1', 'fanwire.yaml:2: the line is indented by a tab; YAML takes spaces.'],
  [
    'listen:\n  port: 1\n host: a',
    /^fanwire\.yaml:3: the line is not valid YAML: the indentation does not fit/,
  ],
  [
    'listen:\n  host: a: b',
    /^fanwire\.yaml:2: the line is not valid YAML; a text with ": " .* has to be in quotes\.$/,
  ],
  ['listen: {}\n---\nsse: {}', /^fanwire\.yaml:2: a second document begins here/],
];

for (const [text, expected] of wrong) {
  test(`${JSON.stringify(text)} stops the start`, () => {
    const [problem = '', ...more] = fileProblems(text);
    if (typeof expected === 'string') assert.equal(problem, expected);
    else assert.match(problem, expected);
    if (!text.includes('constructor')) assert.deepEqual(more, []);
  });
}

test('no problem shows a secret, nor anything that the parser says of a broken file', () => {
  const hidden = 'hunter2hunter2';
  const texts = [
    `jwt: { secret: *${hidden} }`,
    `jwt: { secret: @${hidden} }`,
    `jwt: { secret: !${hidden} x }`,
    `jwt: { secret: "\\${hidden}" }`,
    `jwt: { secret: "${hidden} }`,
    `jwt: { secret: ${hidden}: x: y }`,
    `jwt: { secret: [${hidden}] }`,
    `jwt: { secret: { ${hidden}: 1 } }`,
    `jwt: { previousSecret: "-----BEGIN ${hidden}" }`,
    `apiKeys: { keys: "a:b:${hidden}" }`,
    `apiKeys: { keys: [{ reader: ${hidden} }] }`,
    `apiKeys:\n  keys: a\n  ${hidden}`,
  ];
  for (const text of texts) {
    const problems = fileProblems(text);
    assert.ok(problems.length > 0, text);
    assert.ok(!problems.join().includes(hidden), problems.join('\n'));
  }
});

test('every problem of the file and the environment is listed at once, the file in the order of its lines', () => {
  const text =
    'sse:\n  retry: soon\n  retri: 1\nlisten:\n  port: x\nwebsockets: {}\njwt: { algorithms: none }';
  const file = parseConfigFile('conf/fanwire.yaml', text);
  const env = { MAX_BACKLOG_BYTES: 'many', WEBSOKET_ENABLED: 'true', SSE_RETRY_TIMEOUT: '5' };
  assert.throws(
    () => loadSettings(env, file),
    (thrown) => {
      assert.ok(thrown instanceof StartError);
      const [heading, ...lines] = thrown.message.split('\n');
      assert.equal(heading, '7 settings are wrong:');
      assert.deepEqual(
        lines.map((line) => /^ {2}(conf\/fanwire\.yaml:\d+|\w+( setting \w+)?)/.exec(line)?.[1]),
        [
          ...[2, 3, 5, 6].map((line) => `conf/fanwire.yaml:${line}`),
          'MAX_BACKLOG_BYTES',
          'conf/fanwire.yaml:7',
          'unknown setting WEBSOKET_ENABLED',
        ],
      );
      return true;
    },
  );
});

test('a wrong value stops the start also where the environment wins', () => {
  const file = parseConfigFile('fanwire.yaml', 'listen: { port: x }');
  assert.throws(() => loadSettings({ PORT: '8000' }, file), /fanwire\.yaml:1: listen\.port is the text "x"/);
});

test('production rules hold for a secret of the file, and name it there', () => {
  const production = (secret: string) =>
    fileProblems(`node: { environment: production }\njwt:\n  secret: ${secret}`);
  assert.deepEqual(production(strongSecret), []);
  assert.deepEqual(production('change-me'), [
    'fanwire.yaml:3: jwt.secret is a placeholder that everybody knows; make one with: openssl rand -base64 32.',
  ]);
  assert.match(production('""').join(), /^JWT_SECRET is not set, and production makes none up/);
});
