import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roomErrors } from '../../contract/errors.ts';
import { type MethodName, maxFrameBytes, mediasoupVersion, methods } from '../../contract/signalling.ts';
import { checkCall, readFrame } from './read-frame.ts';

describe('a message of a client', () => {
  it.each([
    ['a request', { request: true, id: 1, method: 'join', data: {} }],
    ['a request without data', { request: true, id: 1, method: 'join' }],
    ['an answer', { response: true, id: 1, ok: true, data: {} }],
    ['an answer without data', { response: true, id: 1, ok: true }],
    ['a refusal', { response: true, id: 1, ok: false, errorCode: 403, errorReason: 'no' }],
    ['protoo’s refusal, which has no “ok” when it is undefined', { response: true, id: 1, errorCode: 1 }],
    ['a notification', { notification: true, method: 'ack', data: { seq: 1 } }],
  ])('may be %s', (_what, frame) => {
    expect(readFrame(JSON.stringify(frame))).not.toBeNull();
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['nothing of the three', '{"hello":true}'],
    ['a request with no id', '{"request":true,"method":"join"}'],
    ['a request with a broken id', '{"request":true,"id":1.5,"method":"join"}'],
    ['a request with a method that is no text', '{"request":true,"id":1,"method":{}}'],
    ['too long', JSON.stringify({ request: true, id: 1, method: 'join', data: 'x'.repeat(maxFrameBytes) })],
  ])('must not be %s', (_what, text) => {
    expect(readFrame(text)).toBeNull();
  });

  it('never breaks the reader', () => {
    fc.assert(fc.property(fc.string(), (text) => void readFrame(text)));
    fc.assert(fc.property(fc.jsonValue(), (value) => void readFrame(JSON.stringify(value) ?? '')));
  });
});

describe('the data of a method', () => {
  const code = (run: () => unknown) => {
    try {
      run();
      return 'fits';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };

  it('of a name that is none is refused, also of names that every object has', () => {
    for (const name of ['dance', '__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(code(() => checkCall(name, {}))).toBe(roomErrors.method_unknown.code);
    }
  });

  it('either fits or is refused by our own error, whatever comes', () => {
    const names = Object.keys(methods) as MethodName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, data) => {
        expect(['fits', roomErrors.method_data_invalid.code]).toContain(code(() => checkCall(name, data)));
      }),
    );
  });

  it.each<[MethodName, unknown]>([
    ['connectWebRtcTransport', { transportId: 'a', dtlsParameters: { fingerprints: [] } }],
    [
      'connectWebRtcTransport',
      { transportId: 'a', dtlsParameters: { fingerprints: [{ algorithm: 'md5', value: 'AA' }] } },
    ],
    ['produce', { transportId: 'a', kind: 'smell', rtpParameters: { codecs: [] } }],
    ['produce', { transportId: 'a', kind: 'audio', rtpParameters: { codecs: [] } }],
    ['setConsumerPreferredLayers', { consumerId: 'a', spatialLayer: -1 }],
    ['setConsumerPreferredLayers', { consumerId: 'a', spatialLayer: 1e9 }],
    ['setConsumerPriority', { consumerId: 'a', priority: 0 }],
    ['produceData', { transportId: 'a', sctpStreamParameters: { streamId: 70_000 } }],
    ['changeDisplayName', { displayName: 'x'.repeat(500) }],
    ['setViewport', { views: [] }],
    ['kickPeer', { peerId: '' }],
    ['sendData', { payload: 'x'.repeat(20_000) }],
    ['closeProducer', { producerId: 'a/../b' }],
  ])('of %s that has harmed a worker, or could, is refused', (method, data) => {
    expect(code(() => checkCall(method, data))).toBe(roomErrors.method_data_invalid.code);
  });
});

it('the version that clients are told is the one that is installed', () => {
  const { dependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { dependencies: Record<string, string> };
  expect(dependencies.mediasoup).toBe(mediasoupVersion);
});
