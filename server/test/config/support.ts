import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { parseConfigFile } from '../../src/config/file.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/sources.ts';
import { StartError } from '../../src/errors.ts';

/** The lines of problems that these settings stop the start with. */
export function problemsOf(env: Environment, fileText = ''): string[] {
  try {
    loadSettings(env, parseConfigFile('fanwire.yaml', fileText));
  } catch (thrown) {
    assert.ok(thrown instanceof StartError, String(thrown));
    return thrown.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

/** The same for a file of this text and an environment of nothing. */
export function fileProblems(text: string): string[] {
  return problemsOf({}, text);
}

/** The only problem that these settings have. */
export function problemOf(env: Environment): string {
  const problems = problemsOf(env);
  assert.equal(problems.length, 1, problems.join('\n') || `no problem with ${JSON.stringify(env)}`);
  return problems[0] ?? '';
}

/** A value that is no setting's, to see where a secret gets out. */
export const strongSecret = 'fLq7-Zp2vXw9-Kd4sTn6-Rb8yHm3-Gc5';

const encoding = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

export const rsaKeys = generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
export const weakRsaKeys = generateKeyPairSync('rsa', { modulusLength: 1024, ...encoding });
export const p256Keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1', ...encoding });
export const bitcoinKeys = generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...encoding });
export const edKeys = generateKeyPairSync('ed25519', encoding);
export const agreementKeys = generateKeyPairSync('x25519', encoding);
