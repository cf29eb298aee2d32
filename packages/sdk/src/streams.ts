/** Streams in a page: `StreamSession` draws into an element of yours, `embedStream` brings the whole player page. */
export { type AddressParts, pageAddress, socketAddress } from './streams/address.ts';
export type { StreamStats } from './streams/arrival.ts';
export { type EmbeddedStream, type EmbedOptions, embedStream } from './streams/embed-stream.ts';
export type { StreamEvents, StreamPhase } from './streams/events.ts';
export { StreamSession, type StreamSessionOptions } from './streams/stream-session.ts';
export type { SessionMemory } from './streams/token-memory.ts';
export type { PlayerNotice, ServerNotice, StatsReport, StreamRole } from './streams/wire.ts';
