import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { send } from './answer.ts';
import type { FastifyTypeBox, Resource } from './parts.ts';
import { ErrorAnswer } from './schemas.ts';

/** Nothing but this server's own files, no inline script, no frame around it. */
const contentPolicy = [
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

interface Page {
  readonly path: string;
  readonly file: string;
  /** In the links of the other pages. */
  readonly name: string;
  readonly description: string;
}

const landing: Page = {
  path: '/',
  file: 'landing.html',
  name: 'Fanwire',
  description: 'A page with links to the others. The same address is a WebSocket of the chat dialect.',
};

const tryouts: readonly Page[] = [
  {
    path: '/docs',
    file: 'docs.html',
    name: 'HTTP API',
    description: 'The HTTP API, described for people; it works offline.',
  },
  {
    path: '/ws/test-page',
    file: 'socket.html',
    name: 'WebSocket',
    description: 'A page to try WebSockets by hand.',
  },
  {
    path: '/sse/test',
    file: 'stream.html',
    name: 'Server-Sent Events',
    description: 'A page to try Server-Sent Events by hand.',
  },
];

const consolePage: Page = {
  path: '/console',
  file: 'console.html',
  name: 'Console',
  description: 'Figures and connections, live.',
};

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

/**
 * The pages hold no data and no secret: who opens them needs no credentials, what they ask for does. In production
 * none is there unless asked for.
 */
export const addPages: Resource = (app, { policy, base }) => {
  const { enabled, console: withConsole } = policy.pages;
  const linked = [...(enabled ? tryouts : []), ...(withConsole ? [consolePage] : [])];
  for (const page of enabled ? [landing, ...linked] : linked) {
    const html = { 'text/html': { schema: Type.String() } };
    const response = {
      200: { description: 'The page.', content: html },
      '4xx': ErrorAnswer,
      '5xx': ErrorAnswer,
    };
    const schema = { tags: ['documents'], description: page.description, response };
    serve(app, page.path, page.file, written(page, linked, base?.prefix ?? ''), schema);
  }
  if (linked.length === 0) return;
  for (const file of assets) serve(app, `/pages/${file}`, file, read(file), { hide: true });
};

/** The page with what depends on where it is and which others there are. */
function written(page: Page, linked: readonly Page[], base: string): string {
  const root = rootOf(page, base);
  const links = linked.map(({ path, name }) => `<a href="${root}${path.slice(1)}">${name}</a>`);
  const home = linked.length > 1 ? [`<a href="${root}">Fanwire</a>`, ...links] : links;
  const items = linked.map(({ description }, at) => `        <li>${links[at]}: ${description}</li>`);
  return read(page.file)
    .replaceAll('{root}', root)
    .replaceAll('{base}', base)
    .replace('<!-- links -->', `<p>${home.join(' · ')}</p>`)
    .replace('<!-- pages -->', `<ul>\n${items.join('\n')}\n      </ul>`);
}

/**
 * Links are relative, so that they hold below a path that a proxy takes away, too. The landing page is reached with
 * and without a slash at the end of the base path, which relative links would not survive.
 */
function rootOf({ path }: Page, base: string): string {
  if (path === '/' && base !== '') return `${base}/`;
  return '../'.repeat(path.split('/').length - 2) || './';
}

function read(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8');
}

function serve(app: FastifyTypeBox, path: string, file: string, content: string, schema: object): void {
  const etag = `"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
  const type = types.get(file.split('.').at(-1) ?? '') ?? '';
  app.get(path, { schema }, (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({
      'content-security-policy': contentPolicy,
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
