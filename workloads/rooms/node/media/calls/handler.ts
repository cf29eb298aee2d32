import type { MediaMethod, MediaRequest, MediaResult } from '../../../contract/media/calls.ts';
import type { MediaRoom } from '../room/media-room.ts';

/** Answers some of the calls to a room. The request is checked and completed already. */
export type Handlers<M extends MediaMethod> = {
  readonly [K in M]: (room: MediaRoom, request: MediaRequest<K>) => Promise<MediaResult<K>> | MediaResult<K>;
};
