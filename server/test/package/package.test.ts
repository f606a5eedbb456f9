import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { version } from '../../src/version.ts';
import { root } from '../docs/document.ts';
import { applicationSuite } from './application.ts';
import { Project } from './packed.ts';
import { Service } from './service.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Packages that an ES module, or its declarations, import or hand on. */
const importing = /^(?:import|export)\s[^;'"]*?from '([^'.][^']*)'|\bimport\(['"]([^'".][^'"]*)['"]\)/gm;

function packagesOf(text: string): string[] {
  const specifiers = [...text.matchAll(importing)].map(([, named = '', called = '']) => named || called);
  return specifiers
    .filter((specifier) => !specifier.startsWith('node:'))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
}

describe('the package fanwire', () => {
  let project: Project;

  before(() => {
    project = new Project();
  });

  after(() => project?.[Symbol.dispose]());

  it('holds what was built, what it needs at run time, and documents; no sources and no tests', () => {
    const cwd = join(project.clone, 'server/src');
    const pages = globSync('pages/*', { cwd });
    const sources = globSync('**/*.ts', { cwd });
    const modules = sources.filter((path) => !path.startsWith('engine/conformance'));
    const built = modules.flatMap((path) => [path.replace(/ts$/, 'js'), path.replace(/ts$/, 'd.ts')]);
    assert.ok(pages.length > 0 && modules.includes('index.ts'));
    const wanted = [
      ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'bin/fanwire.js'],
      ...[...built, ...pages].map((path) => `dist/${path}`),
    ];
    const there = [...project.files().keys()];
    const missing = wanted.filter((path) => !there.includes(path));
    const surplus = there.filter((path) => !wanted.includes(path));
    assert.deepEqual({ missing, surplus }, { missing: [], surplus: [] });
  });

  it('leaves the clone that it was packed in as it was', () => {
    for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
      assert.ok(!existsSync(join(project.clone, 'server', name)), name);
    }
  });

  it('says nothing of the machine that made it', () => {
    for (const [path, text] of project.files()) {
      for (const place of [root, project.clone]) assert.ok(!text.includes(place), path);
    }
  });

  it('depends on the packages that it imports, and on no others', () => {
    const files = [...project.files()];
    const { dependencies } = JSON.parse(new Map(files).get('package.json') ?? '') as Manifest;
    const imported = files.filter(([path]) => /^dist\/(?!pages\/).*\.(js|ts)$/.test(path));
    const packages = new Set(imported.flatMap(([, text]) => packagesOf(text)));
    assert.deepEqual([...packages].sort(), Object.keys(dependencies).sort());
  });

  it('has a command line that knows its version', () => {
    const command = project.output('npx', '--offline', '--call', 'command -v fanwire').trim();
    assert.equal(command, project.command);
    assert.equal(project.output('npx', '--offline', 'fanwire', '--version'), `${version}\n`);
    assert.match(project.output('npx', '--offline', 'fanwire', '--help'), /^Usage: fanwire /);
  });

  it('serves, and measures that: messages, pages, a benchmark, and an end with 0', async () => {
    await using service = await Service.start(project.path, project.command, 'serve');
    const stream = service.stream('/sse/connect?channels=lobby');
    await stream.next('connected');
    const { status, body } = await service.ask('/ws/send-to-channel', {
      channel: 'lobby',
      message: { content: 'hello' },
    });
    assert.deepEqual([status, body.ok], [200, true]);
    await stream.next('message', { content: 'hello' });
    const docs = await (await fetch(`${service.url}/docs`)).text();
    assert.match(docs, /<title>HTTP API · Fanwire<\/title>[\s\S]*href="\.\/pages\/page\.css"/);
    const style = await (await fetch(`${service.url}/pages/page.css`)).text();
    assert.equal(style, readFileSync(join(root, 'server/src/pages/page.css'), 'utf8'));
    const times = ['--seconds', '0.2', '--warmup', '0.1', '--connections', '20'];
    const lines = project
      .output(project.command, 'bench', service.url, ...times)
      .trim()
      .split('\n');
    const measured = lines.map((line): { scenario: string; lost: number | null } => JSON.parse(line));
    assert.deepEqual(
      measured.map(({ scenario, lost }) => [scenario, lost]),
      [
        ...['fanout', 'sse', 'ingest', 'http-publish'].map((name) => [name, 0]),
        ['accept', null],
        ['recover', 0],
      ],
    );
    assert.equal(await service.end(), 0, service.running.output);
  });

  it('has types that hold in the strictest project, and that its dependencies alone suffice for', () => {
    project.take('server/test/package/user/program.ts');
    const strict = ['strict', 'exactOptionalPropertyTypes', 'noUncheckedIndexedAccess'];
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'es2022', types: ['node'], noEmit: true, skipLibCheck: false },
      ...Object.fromEntries(strict.map((option) => [option, true])),
    };
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    project.output(join(root, 'node_modules/.bin/tsc'), '-p', '.');
  });

  it('is imported by TypeScript', () => {
    project.take('server/test/package/user/program.ts');
    const printed = JSON.parse(project.output('node', 'program.ts').trim().split('\n').at(-1) ?? '');
    assert.deepEqual(printed, {
      version,
      offset: 1,
      messages: [{ type: 'text', persist: true }],
      token: 3,
      heard: ['lobby {"text":"hello"}'],
      refusal: 'bad_request',
      mistake: true,
      unused: 2,
    });
  });

  it('is imported by JavaScript', () => {
    project.write(
      'program.js',
      `import { createServer } from 'fanwire';
       const fanwire = await createServer({ engine: 'memory', log: { level: 'error' } });
       const url = await fanwire.listen(0);
       const { status } = await (await fetch(url + '/health')).json();
       console.log(status);
       await fanwire.close();`,
    );
    assert.equal(project.output('node', 'program.js'), 'ok\n');
  });

  for (const name of ['express', 'fastify']) {
    applicationSuite(`examples/${name} with the package`, () => {
      for (const folder of [name, 'tasks']) project.take(`examples/${folder}`);
      return Service.start(project.path, 'node', `${name}/main.ts`);
    });
  }
});
