import { TokenVerifier, type TokenVerifierOptions } from '../../src/access/jwt.ts';
import { FakeClock } from './fake-clock.ts';

export const secret = 'a secret of more than thirty-two bytes';

/** A verifier with nothing set but what is given. */
export function verifier(options: Partial<TokenVerifierOptions>): Promise<TokenVerifier> {
  return TokenVerifier.create({
    secret: null,
    previousSecret: null,
    algorithms: ['HS256'],
    publicKey: null,
    jwksUrl: null,
    issuer: null,
    audience: null,
    expRequired: true,
    clock: new FakeClock(),
    ...options,
  });
}

/** Claims that are good for 60 s on a new FakeClock. */
export function claims(more: object = {}): object {
  return { sub: 'u1', exp: new FakeClock().seconds + 60, ...more };
}
