import type { Answer, HeaderFields, TestServer } from './kit.ts';

export type Scope = 'publish' | 'read' | 'manage';

/** A request that needs a scope. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly scope: Scope;
  readonly body?: object;
  /** When it is allowed. @default 200 */
  readonly status?: number;
}

export function perform(
  server: TestServer,
  operation: Operation,
  headers: HeaderFields,
  query = '',
): Promise<Answer> {
  const { method, path, body } = operation;
  if (body === undefined) return server.request(method, path + query, { headers });
  return server.post(path + query, body, headers);
}
