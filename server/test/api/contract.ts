import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Response {
  readonly $ref?: string;
  readonly content?: Record<string, { readonly schema?: object }>;
}

export interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Response> }>>;
  readonly components: { readonly responses: Record<string, Response>; readonly schemas: object };
}

/** What a server answered. */
export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

/** The description of the API as a test of its answers: each has to be one that is described, and nothing more. */
export class Contract {
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = document;
  }

  check(answered: Answered): void {
    const { method, path, status, contentType, body } = answered;
    if (method === 'HEAD' || status === 204) return;
    const said = `${method} ${path}: ${status} ${JSON.stringify(body)?.slice(0, 500)}`;
    const response = this.#responseTo(answered);
    assert.ok(response, `${said} is not described`);
    const media = contentType?.split(';')[0] ?? '';
    const described = response.content?.[media];
    assert.ok(described, `${said} has a Content-Type that is not described: ${media}`);
    if (media !== 'application/json' || !described.schema) return;
    const validate = this.#validator(described.schema);
    assert.ok(validate(body), `${said} is not as described: ${this.#ajv.errorsText(validate.errors)}`);
  }

  /** What no operation answered, an unknown path or a wrong method, is answered with the common error. */
  #responseTo({ method, path, status }: Answered): Response | undefined {
    const { paths, components } = this.#document;
    const pathname = path.split('?')[0] ?? '';
    const template = Object.keys(paths)
      .sort((a, b) => a.split('{').length - b.split('{').length)
      .find((candidate) => new RegExp(`^${candidate.replaceAll(/\{\w+\}/g, '[^/]*')}$`).test(pathname));
    const operation = paths[template ?? '']?.[method.toLowerCase()];
    if (!operation) return status >= 400 ? components.responses.Error : undefined;
    const response = operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
    const name = response?.$ref?.split('/').at(-1);
    return name === undefined ? response : components.responses[name];
  }

  #validator(schema: object): ValidateFunction {
    const known = this.#validators.get(schema);
    if (known) return known;
    const { components } = this.#document;
    const validator = this.#ajv.compile(closed({ ...schema, components }) as object);
    this.#validators.set(schema, validator);
    return validator;
  }
}

/** The schema with every described object closed, so that an answer with a member nobody described is refused. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).map(([name, value]) => [name, closed(value)]);
  const open = 'properties' in schema && !('additionalProperties' in schema);
  return Object.fromEntries([...members, ...(open ? [['additionalProperties', false]] : [])]);
}
