import { type KeyObject, sign } from 'node:crypto';

const sequence = 0x30;
/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ecdsaSha256 = der(sequence, Buffer.from('06082a8648ce3d040302', 'hex'));

/** A self-signed X.509 certificate for a P-256 key, as PEM. */
export function certificate(privateKey: KeyObject, publicKey: KeyObject): string {
  const name = der(sequence);
  const version = der(0xa0, der(0x02, Buffer.of(2)));
  const serial = der(0x02, Buffer.of(1));
  const validity = der(sequence, utcTime('200101000000Z'), utcTime('400101000000Z'));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(sequence, version, serial, ecdsaSha256, name, validity, name, spki);
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey));
  const base64 = der(sequence, body, ecdsaSha256, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text));
}

function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), body]);
}
