/** Rooms for browsers and Node: join, send, receive, talk. */
export { nameOfToken, type RoomAddress, roomOfToken } from './address.ts';
export { type BackOff, defaultBackOff } from './back-off.ts';
export {
  type CameraOptions,
  captureCamera,
  captureMicrophone,
  captureScreen,
  type MicrophoneOptions,
  type ScreenOptions,
} from './capture.ts';
export type { VideoLayers, VideoSendOptions } from './encodings.ts';
export { RoomError, type RoomErrorCode } from './errors.ts';
export type { DataMessage, DataSendOptions, MediaOptions } from './media.ts';
export type { Moderation } from './moderation.ts';
export { Room } from './room.ts';
export type { Message, RoomEvents } from './room-events.ts';
export type { RoomOptions } from './room-options.ts';
export type { RpcHandler } from './rpc.ts';
export type { OpenSocket, SocketLike } from './socket.ts';
export {
  type ParticipantState,
  type Permissions,
  type Quality,
  qualityOf,
  type Role,
  type RoomInfo,
  type RoomPhase,
  type RoomState,
  type TrackSource,
  type TrackState,
  trackOf,
  trackSources,
  type Waiting,
} from './state.ts';
export type { TrackStats } from './stats.ts';
export { LocalTrack, type PublishOptions, RemoteTrack } from './tracks.ts';
export type { View } from './viewport.ts';
export type { EndReason } from './wire.ts';
