import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { send } from './answer.ts';
import type { FastifyTypeBox, Resource } from './parts.ts';
import { ErrorAnswer } from './schemas.ts';

/** Nothing but this server's own files, no inline script, no frame around it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const folder = new URL('../pages/', import.meta.url);

const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
]);

const pages = [
  { path: '/docs', file: 'docs.html', description: 'This description for people; it works offline.' },
  { path: '/ws/test-page', file: 'socket.html', description: 'A page to try WebSockets by hand.' },
  { path: '/sse/test', file: 'stream.html', description: 'A page to try Server-Sent Events by hand.' },
  { path: '/console', file: 'console.html', description: 'Figures and connections, live.' },
];

/** What the pages load, all of it; nothing else of the folder is served. */
const assets = [
  'page.css',
  'icon.svg',
  'dom.js',
  'docs.js',
  'docs-curl.js',
  'docs-schema.js',
  'socket.js',
  'stream.js',
  'event-parser.js',
  'console.js',
];

/** The pages hold no data and no secret: who opens them needs no credentials, what they ask for does. */
export const addPages: Resource = (app) => {
  for (const { path, file, description } of pages) {
    const html = { 'text/html': { schema: Type.String() } };
    const response = {
      200: { description: 'The page.', content: html },
      '4xx': ErrorAnswer,
      '5xx': ErrorAnswer,
    };
    serve(app, path, file, { tags: ['documents'], description, response });
  }
  for (const file of assets) serve(app, `/pages/${file}`, file, { hide: true });
};

function serve(app: FastifyTypeBox, path: string, file: string, schema: object): void {
  const content = readFileSync(new URL(file, folder), 'utf8');
  const etag = `"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
  const type = types.get(file.split('.').at(-1) ?? '') ?? '';
  app.get(path, { schema }, (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      // Asked for again each time, so that a page never runs with the scripts of another version.
      'cache-control': 'no-cache',
      etag,
    });
    if (has(request.headers['if-none-match'], etag)) return void reply.code(304).send();
    send(reply.type(type), content);
  });
}

/** A proxy that compresses makes the tag a weak one. */
function has(known: string | undefined, etag: string): boolean {
  return (known ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
