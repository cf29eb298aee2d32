import nodeDataChannel from 'node-datachannel';

export interface WhepOptions {
  readonly url: string;
  readonly token: string;
  /** Payload types that the player chooses; by default such as no router has by itself. */
  readonly types?: { readonly audio: number; readonly video: number };
}

/** A player of WHEP that is not ours underneath (libdatachannel: ICE, DTLS, SRTP), counting RTP by payload type. */
export interface WhepPlayer {
  readonly session: string;
  readonly answer: string;
  readonly state: string;
  readonly packets: ReadonlyMap<number, number>;
  /** Ends the session by DELETE and says its status. */
  stop(): Promise<number>;
}

export async function playWhep({
  url,
  token,
  types = { audio: 109, video: 120 },
}: WhepOptions): Promise<WhepPlayer> {
  const peer = new nodeDataChannel.PeerConnection('whep', { iceServers: [], bindAddress: '127.0.0.1' });
  const packets = new Map<number, number>();
  const count = (message: Buffer) => {
    const type = (message[1] ?? 0) & 0x7f;
    // RTCP has 64 to 95 in this place (RFC 5761).
    if (message.length < 12 || (type >= 64 && type <= 95)) return;
    if (message.readUInt32BE(8) !== probation) packets.set(type, (packets.get(type) ?? 0) + 1);
  };
  const audio = new nodeDataChannel.Audio('0', 'RecvOnly');
  audio.addOpusCodec(types.audio);
  const video = new nodeDataChannel.Video('1', 'RecvOnly');
  video.addVP8Codec(types.video);
  const tracks = [peer.addTrack(audio), peer.addTrack(video)];
  for (const track of tracks) track.onMessage(count);
  let state = 'new';
  peer.onStateChange((next) => {
    state = next;
  });
  const gathered = new Promise<void>((resolve) => {
    peer.onGatheringStateChange((next) => {
      if (next === 'complete') resolve();
    });
  });
  peer.setLocalDescription('offer');
  await gathered;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
    body: peer.localDescription()?.sdp ?? '',
  });
  const answer = await response.text();
  if (response.status !== 201) {
    peer.close();
    throw new Error(`${response.status} ${answer}`);
  }
  const session = new URL(response.headers.get('location') ?? '', url).href;
  peer.setRemoteDescription(answer, 'answer');
  return {
    session,
    answer,
    packets,
    get state() {
      return state;
    },
    async stop() {
      peer.close();
      return (await fetch(session, { method: 'DELETE' })).status;
    },
  };
}

/** mediasoup probes the way with packets of this SSRC. */
const probation = 1_234;
