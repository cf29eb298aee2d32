import { createHash, createHmac, randomBytes } from 'node:crypto';

/**
 * Messages of STUN (RFC 8489) and TURN (RFC 8656), as far as a test of a relay needs them: a header of 20 bytes with a
 * cookie that tells them from anything else, and attributes padded to four bytes.
 */
export const stunMethods = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
} as const;
export const stunClasses = { request: 0, indication: 1, success: 2, error: 3 } as const;

export const stunAttributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
} as const;

const cookie = 0x2112a442;
export const headerBytes = 20;

export interface StunMessage {
  readonly method: number;
  readonly class: number;
  /** Twelve bytes. */
  readonly transaction: Buffer;
  readonly attributes: readonly { readonly type: number; readonly value: Buffer }[];
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Long-term credentials (RFC 8489 §9.2): the key is not the password but a digest with the server's realm. */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

export function newTransaction(): Buffer {
  return randomBytes(12);
}

/** The bytes of a message; with a key, signed by it. */
export function encodeStun(message: StunMessage, key?: Buffer): Buffer {
  const body = Buffer.concat(
    message.attributes.map(({ type, value }) => {
      const attribute = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
      attribute.writeUInt16BE(type, 0);
      attribute.writeUInt16BE(value.length, 2);
      value.copy(attribute, 4);
      return attribute;
    }),
  );
  const plain = Buffer.concat([header(message, body.length), body]);
  if (!key) return plain;
  // The length that is signed counts the signature already (RFC 8489 §14.5).
  header(message, body.length + 24).copy(plain);
  const signature = Buffer.alloc(24);
  signature.writeUInt16BE(stunAttributes.messageIntegrity, 0);
  signature.writeUInt16BE(20, 2);
  createHmac('sha1', key).update(plain).digest().copy(signature, 4);
  return Buffer.concat([plain, signature]);
}

function header(message: StunMessage, length: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  const { method, class: kind } = message;
  // The two bits of the class stand between those of the method (RFC 8489 §5).
  const type =
    (method & 0x000f) |
    ((method & 0x0070) << 1) |
    ((method & 0x0f80) << 2) |
    ((kind & 1) << 4) |
    ((kind & 2) << 7);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.writeUInt32BE(cookie, 4);
  message.transaction.copy(bytes, 8);
  return bytes;
}

/** Reads one message, or undefined when the bytes are none. */
export function decodeStun(bytes: Buffer): StunMessage | undefined {
  if (bytes.length < headerBytes || bytes.readUInt32BE(4) !== cookie) return undefined;
  const type = bytes.readUInt16BE(0);
  const length = bytes.readUInt16BE(2);
  if (type > 0x3fff || length % 4 !== 0 || bytes.length < headerBytes + length) return undefined;
  const attributes: { type: number; value: Buffer }[] = [];
  for (let at = headerBytes; at + 4 <= headerBytes + length; ) {
    const size = bytes.readUInt16BE(at + 2);
    if (at + 4 + size > headerBytes + length) return undefined;
    attributes.push({ type: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, at + 4 + size) });
    at += 4 + Math.ceil(size / 4) * 4;
  }
  return {
    method: (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2),
    class: ((type & 0x0010) >> 4) | ((type & 0x0100) >> 7),
    transaction: bytes.subarray(8, headerBytes),
    attributes,
  };
}

/** How many bytes the message at the start of a stream has, or undefined when more must be read to know. */
export function stunLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : headerBytes + bytes.readUInt16BE(2);
}

export function attributeOf(message: StunMessage, type: number): Buffer | undefined {
  return message.attributes.find((attribute) => attribute.type === type)?.value;
}

/** ERROR-CODE: its number and the server's words. */
export function errorOf(message: StunMessage): { code: number; reason: string } | undefined {
  const value = attributeOf(message, stunAttributes.errorCode);
  if (!value || value.length < 4) return undefined;
  const [kind = 0, number = 0] = [value[2], value[3]];
  return { code: (kind & 7) * 100 + number, reason: value.toString('utf8', 4) };
}

/** XOR-…-ADDRESS: mixed with the cookie, so that helpful routers don't rewrite it (RFC 8489 §14.2). */
export function encodeAddress({ address, port }: Endpoint, transaction: Buffer): Buffer {
  const ip = parseIp(address);
  const value = Buffer.alloc(4 + ip.length);
  value[1] = ip.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (cookie >>> 16), 2);
  mask(ip, transaction).copy(value, 4);
  return value;
}

export function decodeAddress(value: Buffer, transaction: Buffer): Endpoint | undefined {
  const size = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (size === 0 || value.length < 4 + size) return undefined;
  const ip = mask(value.subarray(4, 4 + size), transaction);
  return { address: formatIp(ip), port: value.readUInt16BE(2) ^ (cookie >>> 16) };
}

function mask(ip: Buffer, transaction: Buffer): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(cookie, 0);
  transaction.copy(key, 4);
  return Buffer.from(ip.map((byte, index) => byte ^ (key[index] ?? 0)));
}

function parseIp(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  const middle: number[] = Array(8 - before.length - after.length).fill(0);
  const ip = Buffer.alloc(16);
  for (const [index, group] of [...before, ...middle, ...after].entries()) ip.writeUInt16BE(group, index * 2);
  return ip;
}

function formatIp(ip: Buffer): string {
  if (ip.length === 4) return ip.join('.');
  return Array.from({ length: 8 }, (_, index) => ip.readUInt16BE(index * 2).toString(16)).join(':');
}
