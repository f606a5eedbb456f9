import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { version } from '../../src/version.ts';
import { root } from '../docs/document.ts';
import { applicationSuite } from './application.ts';
import { output } from './npm.ts';
import { Service } from './service.ts';

const examples = JSON.parse(readFileSync(join(root, 'examples/package.json'), 'utf8'));
const scripts: Readonly<Record<string, string>> = examples.scripts;

describe('in a clone, where nothing is built', () => {
  it('the command line runs the sources', () => {
    assert.equal(output(root, 'npx', '--offline', 'fanwire', '--version'), `${version}\n`);
    assert.match(output(root, 'npx', '--offline', 'fanwire', '--help'), /^Usage: fanwire /);
  });

  for (const name of ['express', 'fastify']) {
    // As `npm run express --workspace examples` does, without npm, which does not outlive a signal every time.
    const start = () => Service.start(join(root, 'examples'), 'sh', '-c', scripts[name] ?? '');
    applicationSuite(`examples/${name}`, start);
  }
});
