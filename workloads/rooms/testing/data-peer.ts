import nodeDataChannel from 'node-datachannel';
import type { TestRoom } from './media-house.ts';

/** A participant with data channels alone, over real SCTP. */
export interface DataPeer {
  readonly transportId: string;
  /** Of the channel that it sends on. */
  readonly streamId: number;
  /** What has come on channels that it listens on. */
  readonly messages: readonly string[];
  send(text: string): Promise<void>;
  /** Opens the receiving end of a data consumer. */
  listen(streamId: number): Promise<void>;
  close(): void;
}

const streamId = 1;

export async function joinData(room: TestRoom, owner: string): Promise<DataPeer> {
  const transport = await room.call('createWebRtcTransport', { owner, direction: 'both', sctp: true });
  const { transportId, iceParameters, iceCandidates, dtlsParameters } = transport;
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  const peer = new nodeDataChannel.PeerConnection(owner, { iceServers: [], bindAddress: '127.0.0.1' });
  const messages: string[] = [];
  const answered = new Promise<string>((resolve) => {
    peer.onLocalDescription((sdp, type) => {
      if (type === 'answer') resolve(sdp);
    });
  });
  const offer = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 127.0.0.1',
    'a=mid:0',
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:sha-256 ${fingerprint?.value}`,
    'a=setup:actpass',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ priority, address, port }) => `a=candidate:1 1 udp ${priority} ${address} ${port} typ host`),
    'a=end-of-candidates',
    '',
  ];
  peer.setRemoteDescription(offer.join('\r\n'), 'offer');
  const value = /a=fingerprint:\S+ (\S+)/.exec(await answered)?.[1] ?? '';
  await room.call('connectWebRtcTransport', {
    transportId,
    owner,
    dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value }] },
  });
  // Both ends agree on the number beforehand, as mediasoup's do: no message opens a channel.
  const openChannel = (id: number) => {
    const channel = peer.createDataChannel(`channel-${id}`, { negotiated: true, id });
    const opened = new Promise<void>((resolve) =>
      channel.isOpen() ? resolve() : channel.onOpen(() => resolve()),
    );
    return { channel, opened };
  };
  const sending = openChannel(streamId);
  return {
    transportId,
    streamId,
    messages,
    async send(text) {
      await sending.opened;
      sending.channel.sendMessage(text);
    },
    async listen(id) {
      const { channel, opened } = openChannel(id);
      channel.onMessage((message) => messages.push(String(message)));
      await opened;
    },
    close: () => peer.close(),
  };
}
