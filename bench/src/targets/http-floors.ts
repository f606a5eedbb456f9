import { fileURLToPath } from 'node:url';
import type { HttpTarget } from './http-target.ts';
import { versionOf } from './target.ts';

/** What Fanwire's framework costs by itself: the most that Fanwire could reach with it. */
export const bareFastify: HttpTarget = {
  name: 'fastify',
  title: `bare Fastify ${versionOf('fastify')}, the same schemas, a constant answer`,
  version: versionOf('fastify'),
  launch: {
    script: fileURLToPath(new URL('../rivals/http-fastify.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  keeps: false,
};

/** What Node's own server costs: the body is read and parsed, and nothing is checked. */
export const bareHttp: HttpTarget = {
  name: 'node-http',
  title: `bare node:http, Node ${process.versions.node}, a constant answer`,
  version: process.versions.node,
  launch: {
    script: fileURLToPath(new URL('../rivals/http-node.ts', import.meta.url)),
    args: [],
    environment: () => ({}),
  },
  keeps: false,
};
