import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributeOf,
  decodeAddress,
  decodeStun,
  encodeAddress,
  encodeStun,
  errorOf,
  longTermKey,
  newTransaction,
  stunAttributes,
  stunLength,
} from './stun-message.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('STUN messages', () => {
  it('read the response of RFC 5769 §2.2: software and the mapped address 192.0.2.1:32853', () => {
    const message = decodeStun(
      hex(`0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
           00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`),
    );
    expect(message).toMatchObject({ method: 1, class: 2 });
    const mapped = message && attributeOf(message, stunAttributes.xorMappedAddress);
    expect(mapped && decodeAddress(mapped, message.transaction)).toEqual({
      address: '192.0.2.1',
      port: 32_853,
    });
  });

  it('sign as RFC 5769 §2.4 does with long-term credentials', () => {
    const username = '\u30de\u30c8\u30ea\u30c3\u30af\u30b9';
    const nonce = 'f//499k954d6OL34oL9FSTvy64sA';
    const signed = encodeStun(
      {
        method: 1,
        class: 0,
        transaction: hex('78ad3433c6ad72c029da412e'),
        attributes: [
          { type: stunAttributes.username, value: Buffer.from(username) },
          { type: stunAttributes.nonce, value: Buffer.from(nonce) },
          { type: stunAttributes.realm, value: Buffer.from('example.org') },
        ],
      },
      longTermKey(username, 'example.org', 'TheMatrIX'),
    );
    expect(signed.subarray(-20).toString('hex')).toBe('f67024656dd64a3e02b8e0712e85c9a28ca89666');
  });

  it('come back as they went, whatever they hold', () => {
    const attribute = fc.record({
      type: fc.nat(0xffff),
      value: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(
        fc.nat(0xfff),
        fc.nat(3),
        fc.array(attribute, { maxLength: 6 }),
        (method, kind, attributes) => {
          const message = { method, class: kind, transaction: newTransaction(), attributes };
          const bytes = encodeStun(message);
          expect(decodeStun(bytes)).toEqual(message);
          expect(stunLength(bytes)).toBe(bytes.length);
        },
      ),
    );
  });

  it('that are none, or are cut off, are not taken for one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const cookied = Buffer.from(bytes);
        if (cookied.length >= 8) cookied.writeUInt32BE(0x2112a442, 4);
        const message = decodeStun(cookied);
        if (message) errorOf(message);
        expect(message === undefined || cookied.length >= 20).toBe(true);
      }),
    );
    expect(decodeStun(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBeUndefined();
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1:2', '2001:db8:0:0:0:0:1:2'],
    ['::1', '0:0:0:0:0:0:0:1'],
  ])('hide the address %s and find it again', (address, found) => {
    const transaction = newTransaction();
    expect(decodeAddress(encodeAddress({ address, port: 4_000 }, transaction), transaction)).toEqual({
      address: found,
      port: 4_000,
    });
  });
});
