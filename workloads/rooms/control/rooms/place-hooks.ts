import { openBot } from './bot.ts';
import type { LiveRoom } from './live-room.ts';
import { applyMediaEvent, lostTransports } from './media-events.ts';
import { offerAll } from './offers.ts';
import type { PlaceHooks } from './place/place.ts';
import { adopt, compare } from './restore.ts';

/** What a room does when its place comes, goes, or tells something. */
export function placeHooks(room: LiveRoom): PlaceHooks {
  return {
    async placed(description) {
      await room.become('active');
      const clean = [...room.members.values()].every((member) => member.transports.size === 0);
      if (clean) adopt(room, description);
      else room.suspect = !compare(room, description);
      void openBot(room);
      for (const member of room.joined()) if (member.listener) void offerAll(room, member);
    },
    async lost() {
      room.bot = null;
      room.speaker = null;
      if (room.row.state !== 'closed') await room.become('moving').catch(() => false);
      for (const member of [...room.members.values()]) {
        lostTransports(room, member, [...member.transports.keys()], 'moved');
      }
    },
    async event(event) {
      room.passOn(event);
      applyMediaEvent(room, event);
    },
    async missed(description) {
      room.suspect = !compare(room, description);
    },
    async job(jobId) {
      room.take(await room.deps.store.update(room.id, { job_id: jobId }));
    },
    doubt() {
      room.suspect = true;
    },
  };
}
