#!/usr/bin/env node
// What any Node.js can read, so that one that is too old is told so by a sentence.
import { existsSync } from 'node:fs';

/** The oldest that runs the server: it strips types and has node:sqlite without a flag. */
const oldest = 24;

// A clone runs its sources; a package has only what was built, as Node.js strips no types below node_modules.
const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);
const inClone = existsSync(source);

function stop(sentence) {
  process.stderr.write(`fanwire: ${sentence}\n`);
  process.exit(2);
}

const { node } = process.versions;
if (Number(node.split('.')[0]) < oldest) {
  const how = inClone
    ? 'npm ci brings one along for npm start, npm test and npx fanwire'
    : 'see https://nodejs.org';
  stop(`Node.js ${oldest} or later is needed, and this is ${node}; ${how}.`);
}

try {
  await import(inClone ? source : built);
} catch (thrown) {
  if (inClone && thrown.code === 'ERR_MODULE_NOT_FOUND') {
    stop('packages that it needs are not installed; run npm ci first.');
  }
  throw thrown;
}
