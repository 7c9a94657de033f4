// Credentials of NATS, as its own tools would make them: ed25519 keys in NATS' writing (nkeys), and the tokens that an
// operator signs for accounts and an account for users.
import {createHash, generateKeyPairSync, sign} from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const kinds = {operator: 14 << 3, account: 0, user: 20 << 3};
const seed = 18 << 3;

function base32(bytes) {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8 | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[held >> bits - 5 & 31];
  }
  return bits ? text + alphabet[held << 5 - bits & 31] : text;
}

// CRC-16/XMODEM.
function checksum(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; ++bit) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

function written(...bytes) {
  const body = Buffer.concat(bytes.map((part) => Buffer.from(part)));
  const crc = checksum(body);
  return base32(Buffer.concat([body, Buffer.from([crc & 255, crc >> 8])]));
}

// A key pair: `public` and `seed` as NATS writes them.
export function makeKey(kind) {
  const {publicKey, privateKey} = generateKeyPairSync('ed25519');
  const raw = publicKey.export({type: 'spki', format: 'der'}).subarray(-32);
  const secret = privateKey.export({type: 'pkcs8', format: 'der'}).subarray(-32);
  const prefix = kinds[kind];
  return {
    kind, privateKey, public: written([prefix], raw),
    seed: written([seed | prefix >> 5, (prefix & 31) << 3], secret),
  };
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// `issuer` says this of `subject`.
export function makeToken(issuer, subject, more = {}) {
  const claims = {
    iat: Math.floor(Date.now() / 1000), iss: issuer.public, name: subject.kind, sub: subject.public,
    nats: {...more, type: subject.kind, version: 2},
  };
  claims.jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const text = `${encoded({typ: 'JWT', alg: 'ed25519-nkey'})}.${encoded(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), issuer.privateKey).toString('base64url')}`;
}

// A file as `nsc` writes it.
export const credentials = (token, key) => `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${key.seed}
------END USER NKEY SEED------

*************************************************************
`;
