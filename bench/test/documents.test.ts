import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { version } from '../../server/src/version.ts';
import type { Named } from '../src/targets/target.ts';
import { documents } from './chart-documents.ts';
import { runBench } from './run-bench.ts';

interface Document {
  readonly fanwire: string;
  readonly targets: readonly Named[];
}

function check({ fanwire, targets }: Document): void {
  assert.equal(fanwire, version);
  for (const target of targets) {
    assert.deepEqual(Object.keys(target), ['name', 'title', 'version']);
    assert.match(target.version, /^\d+\.\d+\.\d+/, target.name);
  }
}

describe('the document of a scenario', () => {
  for (const [name, document] of documents) {
    test(`names Fanwire's version, and that of each target: ${name}`, () => check(document as Document));
  }

  test('names what was measured, where several subjects are one target', async () => {
    const { code, stderr, document } = await runBench('sse', '--subscribers', '10', '--window', '2');
    assert.equal(code, 0, stderr);
    check(document as Document);
    assert.deepEqual((document as Document).targets, [
      { name: 'fanwire', title: `Fanwire ${version}, sqlite engine`, version },
    ]);
  });
});
