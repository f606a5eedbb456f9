#!/usr/bin/env node
// A clone runs its sources; a package has only what was built, as Node.js strips no types below node_modules.
import { existsSync } from 'node:fs';

const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);

await import(existsSync(source) ? source : built);
