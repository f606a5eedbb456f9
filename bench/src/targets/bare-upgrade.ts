import { fileURLToPath } from 'node:url';
import type { Target } from './target.ts';

/** The floor of accepting connections: what Node's own HTTP server asks for an upgrade. It delivers nothing. */
export const bareUpgrade: Target = {
  name: 'node-upgrade',
  title: `bare node:http, Node ${process.versions.node}, which answers 101 by hand and says a constant hello`,
  version: process.versions.node,
  launch: {
    script: fileURLToPath(new URL('../rivals/upgrade.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  speech: () => ({
    path: '/',
    hear: () => ({ ready: true }),
    publish: (content) => content,
  }),
};
