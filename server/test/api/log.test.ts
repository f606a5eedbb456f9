import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LogLine, TestServer } from './kit.ts';

/** A server whose logger knows that it writes only this and what is worse. */
async function serverLogging(level: 'debug' | 'error') {
  const lines: LogLine[] = [];
  const write =
    (own: string) =>
    (fields: object, text: string): void =>
      void lines.push({ ...fields, level: own, text });
  const log = {
    ...{ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    isLevelEnabled: (asked: string) => asked === 'error' || level === 'debug',
  };
  const presence = { page: () => Promise.reject(new Error('a fault')) } as never;
  return { lines, server: await TestServer.start({ parts: { log, presence } }) };
}

describe('an answer', () => {
  for (const level of ['debug', 'error'] as const) {
    it(`is handed to a logger that writes it: ${level}`, async () => {
      const { lines, server } = await serverLogging(level);
      await using _ = server;
      await server.get('/health?token=secret');
      await server.get('/nowhere');
      await server.get('/api/channels/news/presence');
      await server.get('/health');
      const told = lines.map(({ level: own, path, status }) => `${own} ${path} ${status}`);
      const all = ['debug /health?token=[redacted] 200', 'debug /nowhere 404'];
      const fault = 'error /api/channels/news/presence 500';
      assert.deepEqual(told.slice(0, 3), level === 'debug' ? [...all, fault] : [fault]);
      if (level === 'error') assert.equal(told.length, 1);
    });
  }
});
