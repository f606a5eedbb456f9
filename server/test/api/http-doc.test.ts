import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { OpenApi } from './contract.ts';
import { TestServer as ApiServer } from './kit.ts';

/*
 * docs/http.md, by the convention of the README: `<!-- runs in sh, prints TEXT then TEXT -->` before a block says
 * that it is run, in the order of the page and against one server, and what it has to print, in this order.
 */

const run = promisify(execFile);
const text = readFileSync(join(import.meta.dirname, '../../../docs/http.md'), 'utf8');
const marked = /<!-- runs in sh, prints (.+) -->\n```sh\n([\s\S]*?)\n```/g;
const examples = [...text.matchAll(marked)].map(([, texts = '', code = '']) => ({
  texts: texts.split(' then '),
  code,
}));

describe('docs/http.md', () => {
  let fw: TestServer;

  before(async () => {
    fw = await testServer();
  });

  after(async () => {
    await fw[Symbol.asyncDispose]();
  });

  for (const { code, texts } of examples) {
    it(code.split('\n')[0] ?? '', { skip: lacks('curl') }, async () => {
      const here = code.replaceAll('http://127.0.0.1:8000', fw.url);
      const { stdout } = await run('sh', ['-euc', here]);
      let from = 0;
      for (const wanted of texts) {
        const at = stdout.indexOf(wanted, from);
        assert.ok(at >= 0, `${wanted} in ${stdout}`);
        from = at + wanted.length;
      }
    });
  }

  it('has every call of the description', async () => {
    await using server = await ApiServer.start();
    const { paths } = (await server.get('/openapi.json')).body as OpenApi;
    for (const [path, operations] of Object.entries(paths)) {
      assert.ok(text.includes(path), path);
      for (const method of Object.keys(operations)) {
        const call = `${method.toUpperCase()} ${path}`;
        if (!text.includes(call)) assert.match(text, new RegExp(`(GET|POST) .*\`${path}\``), call);
      }
    }
  });

  it('runs every example of curl', () => {
    const calls = text.match(/^curl /gm) ?? [];
    const inExamples = examples.flatMap(({ code }) => code.match(/^curl /gm) ?? []);
    assert.equal(inExamples.length, calls.length);
  });
});
