import { describe, expect, it } from 'vitest';
import { hasDataSection, rejectDataChannel } from './data-channel.ts';

const answer = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:1',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:2',
  'a=sctp-port:5000',
  '',
].join('\r\n');

describe('the data section of an answer', () => {
  it('is rejected and out of the bundle, and nothing else changes', () => {
    const before = answer.split('\r\n');
    const after = rejectDataChannel(answer).split('\r\n');
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, index) => line !== before[index])).toEqual([
      'a=group:BUNDLE 0 1',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ]);
    expect(rejectDataChannel(after.join('\r\n'))).toBe(after.join('\r\n'));
  });

  it.each([
    ['bundled at port zero', 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel', 'a=bundle-only'],
    [
      'the same with more behind the word',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'a=bundle-only ',
    ],
    ['of a longer kind', 'm=applications 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=bundle-only'],
    ['with a port that is no number', 'm=application 9/2 UDP/DTLS/SCTP webrtc-datachannel', 'a=bundle-only'],
  ])('is rejected when it is %s', (_name, section, attribute) => {
    const sneaky = answer
      .replace('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', section)
      .replace('a=sctp-port:5000', `${attribute}\r\na=sctp-port:5000`);
    expect(hasDataSection(sneaky)).toBe(true);
    expect(rejectDataChannel(sneaky)).toBe(rejectDataChannel(answer));
  });

  it.each([
    ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', true],
    ['v=0\nm=application 50000 DTLS/SCTP 5000', true],
    ['v=0\rm=application  9 DTLS/SCTP 5000', true],
    ['m=application 0 UDP/DTLS/SCTP webrtc-datachannel', true],
    ['m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=bundle-only', true],
    ['m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=x:m=application 9', false],
    ['', false],
  ])('%j: found %s', (sdp, found) => expect(hasDataSection(sdp)).toBe(found));
});
