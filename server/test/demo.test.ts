import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { lacks } from './support/needs.ts';

const script = join(import.meta.dirname, '../../examples/demo.ts');
const scratch = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
after(() => rmSync(scratch, { recursive: true }));

async function demo(...args: string[]): Promise<{ code: number | null; output: string; complaint: string }> {
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, TMPDIR: scratch } });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaint };
}

describe('npm run demo', { skip: lacks('curl') }, () => {
  const speakers = ['relay', 'room', 'channel', 'chat', 'events', 'http'];
  const hearers = speakers.slice(0, 5);

  it('lets each dialect and HTTP speak, and every dialect hear it in its own shape', async () => {
    const { code, output, complaint } = await demo();
    assert.equal(code, 0, output + complaint);
    assert.equal(complaint, '');
    const conversation = output.slice(output.indexOf('relay says'));
    const parts = conversation.split('\n\n');
    for (const [index, speaker] of speakers.entries()) {
      const [says, said, ...heard] = (parts[index] ?? '').split('\n');
      assert.equal(says, `${speaker} says`);
      assert.match(said ?? '', new RegExp(`Hello from ${speaker}!`));
      assert.deepEqual(
        heard.map((line) => line.trim().split(/ +/, 2).join(' ')),
        hearers.map((hearer) => `${hearer} hears`),
      );
      for (const [place, shape] of ['"type":"message"', '"chat.delivery"', '"type":"text"'].entries()) {
        assert.match(heard[place] ?? '', new RegExp(shape));
      }
      assert.ok(heard.every((line) => line.includes(`Hello from ${speaker}!`)));
    }
    assert.match(output, /^6 messages, 5 clients, 30 of 30 deliveries, the same order for all\.$/m);
  });

  it('hears a client written in Python', { skip: lacks('python') }, async () => {
    const { output } = await demo();
    assert.match(output, /^ {2}channel +\/ws\/connect +by Python websockets \d/m);
  });

  it('names what is missing, and exits with 1, when the time is over', async () => {
    const { code, complaint } = await demo('--timeout', '0.001');
    assert.equal(code, 1);
    assert.match(complaint, /^The demo failed\. the server starts: missing: fanwire \(TimeoutError/);
  });

  it('leaves no file behind', () => {
    assert.deepEqual(readdirSync(scratch), []);
  });
});
