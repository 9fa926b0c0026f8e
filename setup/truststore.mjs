import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

const password = 'changeit'; // Java's customary one; a trust store holds no secrets

/**
 * Writes the certificates that this machine's environment names, beside the public ones, in the form that Java reads.
 * A Java runtime looks at neither variable; behind a private certificate authority it could fetch nothing.
 * @returns {boolean} whether the environment names any
 */
export function writeTrustStore(path, env) {
  const own = [env.SSL_CERT_FILE, env.NODE_EXTRA_CA_CERTS].flatMap(readPem);
  if (own.length === 0) return false;
  const certificates = [...new Set([...own, ...rootCertificates])].flatMap(toDer);
  const parts = [integer(0xfeedfeed), integer(2), integer(certificates.length)];
  for (const [index, der] of certificates.entries()) {
    parts.push(integer(2), text(`ca-${index}`), Buffer.alloc(8), text('X.509'), integer(der.length), der);
  }
  const body = Buffer.concat(parts);
  // The closing digest of the JKS form; the phrase in it is part of that form.
  const digest = createHash('sha1')
    .update(Buffer.from(password, 'utf16le').swap16())
    .update('Mighty Aphrodite')
    .update(body)
    .digest();
  writeFileSync(path, Buffer.concat([body, digest]));
  return true;
}

function readPem(path) {
  if (!path) return [];
  try {
    return (
      readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    );
  } catch {
    return [];
  }
}

function toDer(pem) {
  try {
    return [new X509Certificate(pem).raw];
  } catch {
    return []; // one that this Node cannot read would only keep Java from reading the others
  }
}

function integer(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value) {
  const bytes = Buffer.from(value, 'ascii');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
