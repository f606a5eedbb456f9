/** The kinds of JSON values that a field may take. */
export type Kind =
  | 'string'
  | 'integer'
  | 'number'
  | 'infinite'
  | 'boolean'
  | 'object'
  | 'array'
  | 'null'
  | 'missing'
  | 'deep';

/** One wrong value, as JSON text; undefined for leaving the field out. */
interface Value {
  readonly name: string;
  readonly kind: Kind;
  readonly json: string | undefined;
}

const depth = 200;

const values: readonly Value[] = [
  { name: 'null', kind: 'null', json: 'null' },
  { name: 'an empty array', kind: 'array', json: '[]' },
  { name: 'an array of one string', kind: 'array', json: '["a"]' },
  { name: 'an empty object', kind: 'object', json: '{}' },
  {
    name: 'an object that would pass for a string',
    kind: 'object',
    json: '{"length":1,"toString":"a","__proto__":{}}',
  },
  { name: 'a number', kind: 'integer', json: '5' },
  { name: 'a fraction', kind: 'number', json: '1.5' },
  { name: 'a number beyond a double', kind: 'infinite', json: '1e999' },
  { name: 'a number beyond the safe ones', kind: 'number', json: '12345678901234567890' },
  { name: 'true', kind: 'boolean', json: 'true' },
  { name: 'a string', kind: 'string', json: '"5"' },
  { name: 'an array nested deep', kind: 'deep', json: '['.repeat(depth) + ']'.repeat(depth) },
  { name: 'nothing', kind: 'missing', json: undefined },
];

/** Shorthands for the fields of the protocol. */
export const required = (...takes: readonly Kind[]): readonly Kind[] => takes;
export const optional = (...takes: readonly Kind[]): readonly Kind[] => [...takes, 'null', 'missing'];

/** A text that was valid until one field of it was changed. */
export interface Mutant {
  readonly title: string;
  readonly path: string;
  readonly json: string;
  /** Whether the changed field is still one that has to be accepted. */
  readonly valid: boolean;
}

const mark = '@@mutant@@';

/** Every wrong (and every other right) value in place of each field in turn; `fields` says by path what each takes. */
export function* mutants(
  template: object,
  fields: Readonly<Record<string, readonly Kind[]>>,
): Generator<Mutant> {
  for (const [path, takes] of Object.entries(fields)) {
    for (const { name, kind, json } of values) {
      const copy = structuredClone(template) as Record<string, unknown>;
      change(copy, path.split('.'), json === undefined ? undefined : mark);
      const text = JSON.stringify(copy).replace(`"${mark}"`, json ?? '');
      const valid = takes.includes(kind) || (kind === 'integer' && takes.includes('number'));
      yield { title: `${path}: ${name}`, path, json: text, valid };
    }
  }
}

function change(object: Record<string, unknown>, [name = '', ...rest]: string[], value: unknown): void {
  if (rest.length > 0) change(object[name] as Record<string, unknown>, rest, value);
  else if (value === undefined) delete object[name];
  else object[name] = value;
}
