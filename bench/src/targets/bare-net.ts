import { fileURLToPath } from 'node:url';
import type { Target } from './target.ts';

/** The floor of the idle scenario: what a TCP connection costs in Node before any protocol. */
export const bareNet: Target = {
  name: 'net',
  title: 'bare node:net, no protocol',
  version: process.versions.node,
  launch: {
    script: fileURLToPath(new URL('../rivals/bare-net.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech: () => null,
};
