import nodeDataChannel from 'node-datachannel';
import type { ConsumerView, WebRtcTransportView } from '../contract/media/calls.ts';
import type { DtlsParameters, RtpCapabilities } from '../contract/media/rtp.ts';

/** What a viewer needs of a room: calls that succeed. A test room has it, and so has a bench over a socket. */
export interface RoomCalls {
  call(method: string, payload: unknown): Promise<unknown>;
}

/** A real receiver (ICE, DTLS, SRTP by libdatachannel) of some producers, that counts what comes. */
export interface Viewer {
  readonly owner: string;
  readonly transportId: string;
  readonly consumerIds: readonly string[];
  readonly state: string;
  /** RTP packets, and those that are missing by sequence number; probation packets (SSRC 1234) are not counted. */
  readonly received: number;
  readonly missing: number;
  close(): void;
}

export async function joinViewer(
  room: RoomCalls,
  options: {
    readonly owner: string;
    readonly producerIds: readonly string[];
    readonly rtpCapabilities: RtpCapabilities;
  },
): Promise<Viewer> {
  const { owner, producerIds, rtpCapabilities } = options;
  const transport = (await room.call('createWebRtcTransport', {
    owner,
    direction: 'recv',
    sctp: false,
  })) as WebRtcTransportView;
  const { transportId } = transport;
  const consumers: ConsumerView[] = [];
  for (const producerId of producerIds)
    consumers.push(
      (await room.call('consume', { transportId, owner, producerId, rtpCapabilities })) as ConsumerView,
    );
  const receiver = await receive(owner, transport, consumers);
  await room.call('connectWebRtcTransport', { transportId, owner, dtlsParameters: receiver.dtlsParameters });
  for (const { consumerId } of consumers) await room.call('resumeConsumer', { consumerId, owner });
  return {
    owner,
    transportId,
    consumerIds: consumers.map(({ consumerId }) => consumerId),
    get state() {
      return receiver.state;
    },
    get received() {
      return receiver.received;
    },
    get missing() {
      return receiver.missing;
    },
    close: () => receiver.close(),
  };
}

/** The receiving end of a transport: answers the server's offer and counts. */
export interface Receiver {
  readonly dtlsParameters: DtlsParameters;
  readonly state: string;
  readonly received: number;
  readonly missing: number;
  close(): void;
}

/** What of a transport and its consumers a receiver has to know. */
export type ReceivedTransport = Pick<
  WebRtcTransportView,
  'iceParameters' | 'iceCandidates' | 'dtlsParameters'
>;
export type ReceivedConsumer = Pick<ConsumerView, 'kind' | 'rtpParameters'>;

export async function receive(
  name: string,
  transport: ReceivedTransport,
  consumers: readonly ReceivedConsumer[],
): Promise<Receiver> {
  const peer = new nodeDataChannel.PeerConnection(name, { iceServers: [], bindAddress: '127.0.0.1' });
  const counters = new Map<number, Counter>();
  let state = 'new';
  peer.onStateChange((next) => {
    state = next;
  });
  const tracks: unknown[] = [];
  peer.onTrack((track) => {
    // Kept, as nothing else holds it.
    tracks.push(track);
    track.onMessage((message) => count(counters, message));
  });
  const answered = new Promise<string>((resolve) => {
    peer.onLocalDescription((sdp, type) => {
      if (type === 'answer') resolve(sdp);
    });
  });
  peer.setRemoteDescription(offerOf(transport, consumers), 'offer');
  const fingerprint = /a=fingerprint:(\S+) (\S+)/.exec(await answered);
  const sum = (pick: (counter: Counter) => number) =>
    [...counters.values()].reduce((total, counter) => total + pick(counter), 0);
  return {
    dtlsParameters: {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: fingerprint?.[2] ?? '' }],
    },
    get state() {
      return state;
    },
    get received() {
      return sum(({ received }) => received);
    },
    get missing() {
      return sum(({ highest, first, received }) => Math.max(0, highest - first + 1 - received));
    },
    close: () => peer.close(),
  };
}

interface Counter {
  highest: number;
  received: number;
  readonly first: number;
}

const probation = 1_234;

function count(counters: Map<number, Counter>, message: Buffer): void {
  // RTCP has payload types 64 to 95 in this place (RFC 5761).
  const type = (message[1] ?? 0) & 0x7f;
  if (message.length < 12 || (type >= 64 && type <= 95)) return;
  const ssrc = message.readUInt32BE(8);
  if (ssrc === probation) return;
  const sequence = message.readUInt16BE(2);
  const counter = counters.get(ssrc);
  if (!counter) {
    counters.set(ssrc, { highest: sequence, received: 1, first: sequence });
    return;
  }
  counter.received += 1;
  // Sequence numbers wrap: the step is taken as signed.
  const step = ((sequence - (counter.highest & 0xffff) + 0x18000) & 0xffff) - 0x8000;
  if (step > 0) counter.highest += step;
}

/** The server's offer: mediasoup is ICE-lite and has no SDP, so it is written here. */
function offerOf(transport: ReceivedTransport, consumers: readonly ReceivedConsumer[]): string {
  const { iceParameters, iceCandidates, dtlsParameters } = transport;
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  const common = [
    'c=IN IP4 127.0.0.1',
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:sha-256 ${fingerprint?.value}`,
    'a=setup:actpass',
    'a=sendonly',
    'a=rtcp-mux',
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map(
        ({ foundation, priority, address, port }) =>
          `a=candidate:${foundation} 1 udp ${priority} ${address} ${port} typ host`,
      ),
    'a=end-of-candidates',
  ];
  const media = consumers.flatMap(({ kind, rtpParameters }) => {
    const [codec] = rtpParameters.codecs;
    const name = codec?.mimeType.split('/')[1];
    const channels = codec?.channels ? `/${codec.channels}` : '';
    return [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codec?.payloadType}`,
      ...common,
      `a=mid:${rtpParameters.mid}`,
      `a=rtpmap:${codec?.payloadType} ${name}/${codec?.clockRate}${channels}`,
      `a=ssrc:${rtpParameters.encodings?.[0]?.ssrc} cname:test`,
    ];
  });
  const bundle = consumers.map(({ rtpParameters }) => rtpParameters.mid).join(' ');
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${bundle}`,
    ...media,
    '',
  ].join('\r\n');
}
