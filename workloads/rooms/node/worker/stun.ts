import { createHmac, randomBytes } from 'node:crypto';

/**
 * The little of STUN (RFC 8489) that an ICE agent needs to open a path to an ICE-lite server: a binding request that
 * nominates (RFC 8445, 7.1), signed with the server's password.
 */

const magicCookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  priority: 0x0024,
  useCandidate: 0x0025,
  iceControlling: 0x802a,
  fingerprint: 0x8028,
} as const;

/** A nominating binding request. `usernameFragment` and `password` are the server's. */
export function bindingRequestTo(server: {
  readonly usernameFragment: string;
  readonly password: string;
}): Buffer {
  const body = Buffer.concat([
    encode(attribute.username, Buffer.from(`${server.usernameFragment}:prove`)),
    // Priority of a peer-reflexive candidate; any will do.
    encode(attribute.priority, number32(1_862_270_975)),
    encode(attribute.useCandidate, Buffer.alloc(0)),
    encode(attribute.iceControlling, randomBytes(8)),
  ]);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(bindingRequest, 0);
  header.writeUInt32BE(magicCookie, 4);
  randomBytes(12).copy(header, 8);
  // The length in what is signed already counts the signature (RFC 8489, 14.5), 24 bytes.
  header.writeUInt16BE(body.length + 24, 2);
  const signature = createHmac('sha1', server.password)
    .update(Buffer.concat([header, body]))
    .digest();
  const signed = Buffer.concat([body, encode(attribute.messageIntegrity, signature)]);
  header.writeUInt16BE(signed.length + 8, 2);
  const unfinished = Buffer.concat([header, signed]);
  const check = (crc32(unfinished) ^ 0x5354554e) >>> 0;
  return Buffer.concat([unfinished, encode(attribute.fingerprint, number32(check))]);
}

/** Whether a datagram is STUN at all (RFC 7983: first byte 0 to 3), and so not DTLS. */
export const isStun = (datagram: Buffer) => datagram.length >= 20 && (datagram[0] ?? 255) <= 3;
export const isBindingSuccess = (datagram: Buffer) =>
  isStun(datagram) && datagram.readUInt16BE(0) === bindingSuccess;
/** RFC 7983: DTLS records begin with 20 to 63. */
export const isDtls = (datagram: Buffer) => {
  const first = datagram[0] ?? 0;
  return first >= 20 && first <= 63;
};

function encode(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}

/** CRC-32 of ISO 3309, as Ethernet has it. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
