import { constants, createHmac, type KeyObject, sign } from 'node:crypto';

/**
 * Makes any token, also wrong ones, with node:crypto alone: the library under test does not get to agree
 * with itself. The algorithm of the signature is `alg`, whatever the header says.
 */
export function rawJwt(alg: string, key: KeyObject | string, header: unknown, payload: unknown): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${signature(alg, key, text).toString('base64url')}`;
}

/** A token whose header is what it should be. */
export function jwt(alg: string, key: KeyObject | string, payload: unknown, header: object = {}): string {
  return rawJwt(alg, key, { alg, typ: 'JWT', ...header }, payload);
}

/** A string is taken as it is, so that text which no JSON.stringify makes can be sent. */
export function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function signature(alg: string, key: KeyObject | string, text: string): Buffer {
  const data = Buffer.from(text);
  const digest = `sha${alg.slice(2)}`;
  if (typeof key === 'string') return createHmac(digest, key).update(data).digest();
  switch (alg.slice(0, 2)) {
    case 'PS':
      return sign(digest, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
    case 'RS':
      return sign(digest, data, key);
    default:
      return sign(null, data, key);
  }
}
