import type { Message } from '../../src/engine/engine.ts';

/** A canonical message; every part may be replaced. */
export function canonical(parts: Partial<Message> = {}): Message {
  return {
    id: '018bcfe5-687b-7000-8000-000000000001',
    channel: 'lobby',
    offset: 7,
    epoch: 'e1',
    time: 1_690_000_000_123,
    type: 'text',
    data: '"hi"',
    sender: { user: 'u1', connection: 'k1', client: null },
    persist: true,
    ...parts,
  };
}

/** Names that a careless program takes for something else. */
export const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'a b',
  'ü/€?#&%',
  '"quoted"',
  '\\',
  '<script>',
  '💬',
];
