import { BacklotError } from '@backlot/contract';
import fc from 'fast-check';
import {
  generateRouterRtpCapabilities,
  getProducerRtpParametersMapping,
  validateAndNormalizeRtpParameters,
} from 'mediasoup/ortc';
import type { RtpParameters } from 'mediasoup/types';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { codecsOf } from '../../../contract/media/codecs.ts';
import {
  type RouterCodec,
  RtpCapabilities,
  RtpParameters as RtpParametersShape,
} from '../../../contract/media/rtp.ts';
import {
  chromePlays,
  chromePublishes,
  chromeSimulcast,
  firefoxPlays,
  withData,
} from '../../../testing/offers.ts';
import { commonCodecs, sameCodec, sendParameters } from './choose-codec.ts';
import { readFragment, writeFragment } from './fragment.ts';
import { readOffer } from './read-offer.ts';
import { receiveCapabilities } from './receive-capabilities.ts';
import { writeAnswer } from './write-answer.ts';

/** What a real router of these codecs says of itself. */
const routerOf = (codecs: RouterCodec[]) =>
  RtpCapabilities.parse(
    generateRouterRtpCapabilities(codecs as Parameters<typeof generateRouterRtpCapabilities>[0]),
  );
const router = routerOf(codecsOf(['opus', 'vp8', 'vp9', 'h264']));
const transport = {
  iceParameters: { usernameFragment: 'abcd', password: 'p'.repeat(24), iceLite: true },
  iceCandidates: [
    {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      ip: '127.0.0.1',
      address: '127.0.0.1',
      protocol: 'udp' as const,
      port: 44_444,
      type: 'host' as const,
    },
  ],
  dtlsParameters: {
    role: 'auto' as const,
    fingerprints: [{ algorithm: 'sha-256' as const, value: Array(32).fill('AB').join(':') }],
  },
};

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!(error instanceof BacklotError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe('an offer', () => {
  it('is read: media, codecs in order, layers, streams, and how its client connects', () => {
    const offer = readOffer(chromePublishes);
    expect(offer.ice).toEqual({ usernameFragment: 'Hq3B', password: 'u8Dkq2Yq0mS0f7hTqfG0b1nL' });
    expect(offer.dtls).toMatchObject({ role: 'client', fingerprints: [{ algorithm: 'sha-256' }] });
    expect(offer.media.map(({ kind, mid, sends, receives }) => [kind, mid, sends, receives])).toEqual([
      ['audio', '0', true, false],
      ['video', '1', true, false],
    ]);
    expect(offer.media[1]?.codecs.slice(0, 3)).toMatchObject([
      { mimeType: 'video/VP8', preferredPayloadType: 96 },
      { mimeType: 'video/rtx', parameters: { apt: 96 } },
      { mimeType: 'video/H264', parameters: { 'profile-level-id': '42001f' } },
    ]);
    expect(offer.media[1]?.ssrcs).toEqual([{ ssrc: 1_789_652_410, rtx: 2_884_130_998 }]);
    expect(readOffer(chromeSimulcast).media[1]?.rids).toEqual(['q', 'h', 'f']);
  });

  it.each([
    ['no SDP', 'hello', 'sdp_unreadable'],
    ['nothing', '', 'sdp_unreadable'],
    ['too much', `v=0\r\n${'a=x\r\n'.repeat(40_000)}`, 'sdp_unreadable'],
    ['no media', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n', 'sdp_unacceptable'],
    ['a data channel', withData, 'sdp_unacceptable'],
    ['media without a bundle', chromePublishes.replace(/a=group.*\r\n/, ''), 'sdp_unacceptable'],
    ['half a bundle', chromePublishes.replace('BUNDLE 0 1', 'BUNDLE 0'), 'sdp_unacceptable'],
    ['one mid twice', chromePublishes.replace('a=mid:1', 'a=mid:0'), 'sdp_unacceptable'],
    ['no rtcp-mux', chromePublishes.replace('a=rtcp-mux\r\n', ''), 'sdp_unacceptable'],
    ['no encryption', chromePublishes.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), 'sdp_unacceptable'],
    ['no fingerprint', chromePublishes.replaceAll(/a=fingerprint.*\r\n/g, ''), 'sdp_unacceptable'],
    ['a broken fingerprint', chromePublishes.replaceAll('6F:2A', 'XX:YY'), 'sdp_unacceptable'],
    ['no ICE', chromePublishes.replaceAll(/a=ice-ufrag.*\r\n/g, ''), 'sdp_unacceptable'],
    [
      'an ICE password that is too short',
      chromePublishes.replaceAll(/a=ice-pwd:.*\r\n/g, 'a=ice-pwd:x\r\n'),
      'sdp_unacceptable',
    ],
    [
      'a setup that is none',
      chromePublishes.replaceAll('a=setup:actpass', 'a=setup:holdconn'),
      'sdp_unacceptable',
    ],
    ['a closed medium', chromePublishes.replace('m=audio 9', 'm=audio 0'), 'sdp_unacceptable'],
  ])('with %s is refused with a word', (_what, text, code) => {
    expect(codeOf(() => readOffer(text))).toContain(code);
  });

  it('whatever its bytes are, ends in an offer or a typed refusal', () => {
    const lines = [
      ...new Set([chromePublishes, chromeSimulcast, withData].flatMap((text) => text.split('\r\n'))),
    ];
    const mangled = fc
      .array(
        fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(...lines) },
          fc.string({ maxLength: 80 }),
          fc
            .tuple(fc.constantFrom(...lines), fc.nat(60), fc.string({ maxLength: 10 }))
            .map(([line, at, text]) => line.slice(0, at) + text + line.slice(at + 1)),
        ),
        { maxLength: 120 },
      )
      .map((parts) => `v=0\r\n${parts.join('\r\n')}\r\n`);
    fc.assert(
      fc.property(mangled, (text) => {
        const code = codeOf(() => {
          const offer = readOffer(text);
          for (const media of offer.media) {
            codeOf(() => RtpParametersShape.parse(sendParameters(media, router)));
            receiveCapabilities([media], router);
          }
          return writeAnswer(offer, [], transport);
        });
        expect(code).toMatch(/^(none|sdp_unreadable|sdp_unacceptable)/);
      }),
      { numRuns: 3_000 },
    );
  });

  it('that was truncated or shuffled anywhere ends so too', () => {
    fc.assert(
      fc.property(fc.nat(chromePublishes.length), fc.nat(chromePublishes.length), (from, to) => {
        const text = chromePublishes.slice(0, from) + chromePublishes.slice(to);
        expect(codeOf(() => readOffer(text))).toMatch(/^(none|sdp_unreadable|sdp_unacceptable)/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('codecs', () => {
  const h264 = (profile: string, mode = 1) => ({
    kind: 'video' as const,
    mimeType: 'video/H264',
    preferredPayloadType: 100,
    clockRate: 90_000,
    parameters: { 'packetization-mode': mode, 'profile-level-id': profile },
  });

  it.each([
    ['42e01f', '42e01f', 1, true],
    ['42e01f', '42e02a', 1, true],
    ['42e01f', '4d801f', 1, true],
    ['42001f', '42e01f', 1, false],
    ['4d0032', '42e01f', 1, false],
    ['640032', '42e01f', 1, false],
    ['42e01f', '42e01f', 0, false],
  ])('H264 %s and %s with packetization mode %i are the same: %s', (a, b, mode, same) => {
    expect(sameCodec(h264(a), h264(b, mode))).toBe(same);
  });

  it('are taken in the order of the client, as far as the room has them', () => {
    const [, media] = readOffer(chromePublishes).media;
    if (!media) throw new Error('no video');
    expect(commonCodecs(media, router).map(({ mimeType }) => mimeType)).toEqual([
      'video/VP8',
      'video/H264',
      'video/VP9',
    ]);
    const onlyH264 = routerOf(codecsOf(['opus', 'h264']));
    expect(sendParameters(media, onlyH264).codecs[0]).toMatchObject({
      payloadType: 108,
      parameters: { 'profile-level-id': '42e01f' },
    });
    expect(codeOf(() => sendParameters(media, routerOf(codecsOf(['opus']))))).toContain('sdp_unacceptable');
  });
});

describe('what a publisher will send', () => {
  it.each([
    ['one stream', chromePublishes, [{ ssrc: 1_789_652_410, rtx: { ssrc: 2_884_130_998 } }]],
    ['three layers', chromeSimulcast, [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }]],
  ])('of %s is what mediasoup takes', (_what, text, encodings) => {
    for (const media of readOffer(text).media) {
      const parameters = RtpParametersShape.parse(sendParameters(media, router)) as unknown as RtpParameters;
      // mediasoup's own checks, the ones that `transport.produce()` makes.
      validateAndNormalizeRtpParameters(parameters);
      expect(() =>
        getProducerRtpParametersMapping(
          parameters,
          router as Parameters<typeof getProducerRtpParametersMapping>[1],
        ),
      ).not.toThrow();
      if (media.kind === 'video') expect(parameters.encodings).toMatchObject(encodings);
    }
  });
});

describe('what a player can receive', () => {
  it.each([
    ['Chrome', chromePlays, 111, 96],
    ['Firefox', firefoxPlays, 109, 120],
  ])('of %s has the payload types of its offer', (_who, text, audio, video) => {
    const { codecs, capabilities } = receiveCapabilities(readOffer(text).media, router);
    const types = new Map(codecs.map((codec) => [codec.mimeType, codec.preferredPayloadType]));
    expect(types.get('audio/opus')).toBe(audio);
    expect(types.get('video/VP8')).toBe(video);
    // A router of just these codecs is one that mediasoup makes, and its types are the client's.
    const made = routerOf(codecs);
    for (const codec of capabilities.codecs ?? []) {
      const own = made.codecs?.find((known) => sameCodec(known, codec));
      expect(own?.preferredPayloadType).toBe(codec.preferredPayloadType);
    }
  });

  it('makes a router whatever payload types its client has chosen', () => {
    const type = fc.integer({ min: 0, max: 127 }).filter((value) => value < 64 || value > 95);
    const types = fc.uniqueArray(type, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(types, ([opus, vp8, high, low, vp9, other]) => {
        const text = chromePlays
          .replaceAll(/a=(rtpmap|rtcp-fb|fmtp):(96|97|102|103|108|45|98|127|121) .*\r\n/g, '')
          .replace('SAVPF 96 97 102 103 108 45 98 127 121', `SAVPF ${vp8} ${high} ${low} ${vp9} ${other}`)
          .replace('SAVPF 111 63 9 0 8', `SAVPF ${opus}`)
          .replaceAll(':111 ', `:${opus} `)
          .concat(
            `a=rtpmap:${vp8} VP8/90000\r\na=rtpmap:${vp9} VP9/90000\r\na=rtpmap:${other} VP9/90000\r\n`,
            `a=fmtp:${other} profile-id=2\r\na=rtpmap:${high} H264/90000\r\na=rtpmap:${low} H264/90000\r\n`,
            `a=fmtp:${high} packetization-mode=1;profile-level-id=4d0032\r\n`,
            `a=fmtp:${low} packetization-mode=1;profile-level-id=42e01f\r\n`,
          );
        const { codecs } = receiveCapabilities(readOffer(text).media, router);
        expect(codecs.length).toBeGreaterThan(1);
        expect(() => routerOf(codecs)).not.toThrow();
      }),
    );
  });

  it('has no header extension by a number that is not the router’s', () => {
    const { capabilities } = receiveCapabilities(readOffer(chromePlays).media, router);
    for (const extension of capabilities.headerExtensions ?? []) {
      expect(chromePlays).toContain(`a=extmap:${extension.preferredId} ${extension.uri}`);
    }
  });
});

describe('an answer', () => {
  it('takes what will be sent, layer by layer, on one ICE-lite transport', () => {
    const offer = readOffer(chromeSimulcast);
    const answers = offer.media.map((media) => ({
      kind: 'receive' as const,
      rtpParameters: sendParameters(media, router),
    }));
    const sdp = parse(writeAnswer(offer, answers, transport));
    expect(sdp.icelite).toBe('ice-lite');
    expect(sdp.groups).toEqual([{ type: 'BUNDLE', mids: '0 1' }]);
    expect(sdp.media.map(({ mid, direction, setup }) => [String(mid), direction, setup])).toEqual([
      ['0', 'recvonly', 'passive'],
      ['1', 'recvonly', 'passive'],
    ]);
    expect(sdp.media[1]?.simulcast).toEqual({ dir1: 'recv', list1: 'q;h;f' });
    expect(sdp.media[0]?.candidates).toMatchObject([{ port: 44_444, type: 'host' }]);
    expect(sdp.media[1]?.payloads).toBe('96 97');
  });

  it('begins the handshake itself with a client that only waits', () => {
    const offer = readOffer(chromePublishes.replaceAll('a=setup:actpass', 'a=setup:passive'));
    expect(offer.dtls.role).toBe('server');
    expect(parse(writeAnswer(offer, [], transport)).media[0]).toMatchObject({
      setup: 'active',
      direction: 'inactive',
    });
  });
});

describe('a fragment of ICE', () => {
  it('is read by its credentials and candidates', () => {
    const text =
      'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n';
    expect(readFragment(text)).toEqual({
      usernameFragment: 'EsAw',
      password: 'P2uYro0UCOQ4zxjKXaWCBui1',
      candidates: 1,
    });
  });

  it.each(['', '{}', 'x'.repeat(40_000), '<a/>'])('%j is refused', (text) => {
    expect(codeOf(() => readFragment(text))).toContain('sdp_unreadable');
  });

  it('is written so that it can be read again', () => {
    const text = writeFragment(['0', '1'], transport.iceParameters, transport.iceCandidates);
    expect(readFragment(text)).toEqual({ usernameFragment: 'abcd', password: 'p'.repeat(24), candidates: 1 });
  });
});
