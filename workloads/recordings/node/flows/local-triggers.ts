import type { LocalTrigger } from '@backlot/node/workload';
import { CHAT_KIND } from '../../contract/chat.ts';
import { BroadcastEnded, factKinds } from '../../contract/facts.ts';
import { broadcastEndedFacts, firedByBroadcast } from '../../contract/flows/broadcast-ended.ts';
import { SEGMENT_KIND } from '../../contract/segment.ts';

/** What begins a flow on a node that is cut off: the end of a broadcast that it has recorded, from what it holds. */
const broadcastEnded: LocalTrigger = {
  kind: broadcastEndedFacts.kind,
  facts: [factKinds.broadcastEnded],
  fire(fact, { parameters, held }) {
    const body = BroadcastEnded.safeParse(fact.body);
    if (!body.success) return null;
    const { broadcast, channelId, title = '', startedWall, endedWall, lossMs, bytes, takes, why } = body.data;
    const ofKind = (wanted: string) =>
      held.filter(({ kind, meta }) => kind === wanted && meta.broadcast === broadcast);
    return firedByBroadcast({
      sighting: broadcast,
      channelId,
      channel: typeof parameters.name === 'string' ? parameters.name : '',
      title,
      startedWall,
      endedWall,
      lossMs,
      bytes,
      takes,
      why,
      segments: ofKind(SEGMENT_KIND),
      chat: ofKind(CHAT_KIND),
    });
  },
};

export const recordingLocalTriggers: readonly LocalTrigger[] = [broadcastEnded];
