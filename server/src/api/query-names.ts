import type { FastifyRequest } from 'fastify';
import { credentialParameters, Parameters } from '../parameters.ts';

/** By the schema of a route's query: what it may have. */
const known = new WeakMap<object, Parameters>();
const credentialsOnly = new Parameters(credentialParameters);

/** Throws `bad_request` with status 400 when a name in the query is nearly one that the route knows. */
export function checkQueryNames({ raw, query, routeOptions }: FastifyRequest): void {
  if (!raw.url?.includes('?')) return;
  parametersOf(routeOptions.schema?.querystring).check(Object.keys(query ?? {}));
}

function parametersOf(schema: unknown): Parameters {
  if (typeof schema !== 'object' || schema === null) return credentialsOnly;
  let parameters = known.get(schema);
  if (!parameters) {
    const { properties = {} } = schema as { properties?: object };
    parameters = new Parameters([...Object.keys(properties), ...credentialParameters]);
    known.set(schema, parameters);
  }
  return parameters;
}
