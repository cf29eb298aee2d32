import native from '@roamhq/wrtc';

/**
 * WebRTC for Node, as far as we use it. The package describes itself by the types of a browser's window, which this half
 * does not have. Importing this file loads 26 MB of native code: only programs of their own do (demo, peer, probe),
 * never the agent.
 */
export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}
export interface IceCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
}
/** Yuv 4:2:0, planes one after the other: width * height, then twice (width / 2) * (height / 2) bytes. */
export interface VideoFrame {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
export interface MediaTrack {
  readonly kind: 'audio' | 'video';
  stop(): void;
}
export interface MediaStream {
  addTrack(track: MediaTrack): void;
}
export interface DataChannel {
  readonly label: string;
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
  readonly bufferedAmount: number;
  binaryType: string;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null;
  send(data: Uint8Array): void;
  close(): void;
}
export interface PeerConnectionConfig {
  readonly iceServers?: readonly {
    readonly urls: string | readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly iceTransportPolicy?: 'all' | 'relay';
}
export type ConnectionState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
export interface PeerConnection {
  readonly connectionState: ConnectionState;
  readonly signalingState: 'stable' | 'have-local-offer' | 'have-remote-offer' | 'closed';
  readonly localDescription: SessionDescription | null;
  readonly remoteDescription: SessionDescription | null;
  onicecandidate: ((event: { candidate: IceCandidate | null }) => void) | null;
  onconnectionstatechange: (() => void) | null;
  ontrack: ((event: { track: MediaTrack }) => void) | null;
  ondatachannel: ((event: { channel: DataChannel }) => void) | null;
  addTrack(track: MediaTrack, ...streams: MediaStream[]): unknown;
  createDataChannel(label: string, options?: { ordered?: boolean }): DataChannel;
  createOffer(options?: { iceRestart?: boolean }): Promise<SessionDescription>;
  createAnswer(): Promise<SessionDescription>;
  setLocalDescription(description: SessionDescription): Promise<void>;
  setRemoteDescription(description: SessionDescription): Promise<void>;
  addIceCandidate(candidate: IceCandidate): Promise<void>;
  getStats(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>;
  close(): void;
}
export interface VideoSource {
  createTrack(): MediaTrack;
  onFrame(frame: VideoFrame): void;
}
export interface AudioSource {
  createTrack(): MediaTrack;
  /** 10 ms of 16-bit samples. */
  onData(data: { samples: Int16Array; sampleRate: number }): void;
}
export interface VideoSink {
  onframe: ((event: { frame: VideoFrame }) => void) | null;
  stop(): void;
}

interface Wrtc {
  readonly RTCPeerConnection: new (config: PeerConnectionConfig) => PeerConnection;
  readonly MediaStream: new () => MediaStream;
  readonly nonstandard: {
    readonly RTCVideoSource: new (options?: { isScreencast?: boolean }) => VideoSource;
    readonly RTCAudioSource: new () => AudioSource;
    readonly RTCVideoSink: new (track: MediaTrack) => VideoSink;
  };
}

export const wrtc = native as unknown as Wrtc;
