import { createServer } from 'node:http';
import { announce } from './lifetime.ts';
import { batchText, PUBLISHED } from './published.ts';

const published = JSON.stringify(PUBLISHED);

announce(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages?: unknown[] };
      const text = messages === undefined ? published : batchText(messages.length);
      response.writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    });
  }),
);
