import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { checkChannelName } from '../access/names.ts';
import { FanwireError } from '../errors.ts';
import { isObject, kindOf } from '../json.ts';

/**
 * What Fastify takes from a validator: that the value is right as it is, another value to go on with, or why not. A
 * value that is handed back, the headers' above all, is copied at each later look at it.
 */
type Verdict = true | { readonly value: unknown } | { readonly error: FanwireError };

/**
 * Bodies are taken as they are (422 when wrong); of a query and a path, which are text, the digits become numbers.
 * Headers are checked where they are read: their schemas are for the description of the API.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'headers') return (): Verdict => true;
  const shapeProblem = compileShape(schema, 'the body');
  const status = httpPart === 'body' ? 422 : 400;
  const check = (value: unknown): Verdict => {
    const problem = shapeProblem(value);
    return problem === null || { error: refusal(problem, status) };
  };
  if (httpPart !== 'querystring') return check;
  const readers = queryReaders(schema);
  return (query: unknown): Verdict => {
    const read = readQuery(query, readers);
    if (read instanceof FanwireError) return { error: read };
    const verdict = check(read);
    return verdict === true ? { value: read } : verdict;
  };
};

/** Says of a value what is wrong with its shape, or null; `what` names the value as a whole. */
export function compileShape(schema: TSchema, what: string): (value: unknown) => string | null {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return null;
    const [first] = validator.Errors(value);
    return first ? problem(first, value, what) : `${what} has the wrong shape`;
  };
}

/** A channel of the path or the query. Throws `bad_request` with status 400, or `forbidden`. */
export function channelParameter(name: string): string {
  return parameter(() => checkChannelName(name, 'channel'));
}

/** What is read outside of a body: a `bad_request` of it has status 400. */
export function parameter<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof FanwireError) || thrown.code !== 'bad_request') throw thrown;
    throw refusal(thrown.message, 400);
  }
}

/** By name, whether the parameter is a whole number. */
type QueryReaders = ReadonlyMap<string, boolean>;

function queryReaders(schema: TSchema): QueryReaders {
  const { properties } = schema as { properties?: Record<string, { type?: unknown }> };
  return new Map(Object.entries(properties ?? {}).map(([name, { type }]) => [name, type === 'integer']));
}

/** The parameters that the schema names, each given once; others mean nothing here. */
function readQuery(query: unknown, readers: QueryReaders): Record<string, unknown> | FanwireError {
  const read: Record<string, unknown> = {};
  if (!isObject(query)) return read;
  for (const [name, isInteger] of readers) {
    const text = query[name];
    if (text === undefined) continue;
    if (typeof text !== 'string') return refusal(`${name}: given more than once`, 400);
    if (isInteger && !/^\d{1,16}$/.test(text)) return refusal(`${name}: a whole number is expected`, 400);
    read[name] = isInteger ? Number(text) : text;
  }
  return read;
}

/** What is wrong with a body (422) or with anything else of a request (400). */
export function refusal(message: string, status: number): FanwireError {
  return new FanwireError('bad_request', message, { status });
}

function problem(error: TLocalizedValidationError, root: unknown, what: string): string {
  const steps = error.instancePath.split('/').slice(1);
  const path = pathText(steps);
  switch (error.keyword) {
    case 'required':
      return `${pathText([...steps, error.params.requiredProperties[0] ?? ''])}: required, but missing`;
    case 'type':
      if (path === '') return `${what} has to be a JSON object`;
      return `${path}: ${typeText(error.params.type)} is expected, not ${kindOf(valueAt(root, steps))}`;
    case 'enum':
      return `${path}: one of ${error.params.allowedValues.filter((allowed) => allowed !== null).join(', ')} is expected`;
    case 'minLength':
      return `${path}: must not be empty`;
    case 'maxLength':
      return `${path}: at most ${error.params.limit} characters`;
    case 'maxItems':
      return `${path}: at most ${error.params.limit} entries`;
    case 'minimum':
      return `${path}: at least ${error.params.limit} is expected`;
    case 'maximum':
      return `${path}: at most ${error.params.limit} is expected`;
    default:
      return `${path}: ${error.message}`;
  }
}

function pathText(steps: readonly string[]): string {
  return steps.map((step, at) => (/^\d+$/.test(step) ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
}

const typeNames = new Map([
  ['string', 'a string'],
  ['integer', 'a whole number'],
  ['boolean', 'true or false'],
  ['object', 'an object'],
  ['array', 'an array'],
]);

function typeText(types: string | readonly string[]): string {
  const wanted = [types].flat().filter((type) => type !== 'null');
  return wanted.map((type) => typeNames.get(type) ?? type).join(' or ');
}

function valueAt(root: unknown, steps: readonly string[]): unknown {
  let value = root;
  for (const step of steps) value = (value as Record<string, unknown>)[step];
  return value;
}
