/** The Backlot API for browsers and Node, typed by `@backlot/contract`. */
export { ApiClient } from './client.ts';
export { ApiError, UnexpectedAnswerError, UnreachableError } from './errors.ts';
export { EventStreamParser, type StreamMessage } from './event-stream.ts';
export { type StreamItem, type StreamOptions, streamEvents } from './events.ts';
export { collect, everyItem, type PageOf } from './paging.ts';
export { type QueryOf, Resource, segment, withSignal } from './resource.ts';
export { type DigestOptions, sha256OfBlob } from './sha256.ts';
export { type CallOptions, type Method, Transport, type TransportOptions } from './transport.ts';
export {
  type UploadMemory,
  type UploadOptions,
  type UploadProgress,
  type UploadResult,
  uploadFile,
} from './uploads.ts';
