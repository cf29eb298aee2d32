import type { Permissions, TrackSource } from '../../../contract/grants.ts';
import { trackSources } from '../../../contract/grants.ts';

type Kind = 'audio' | 'video';

/**
 * Where a track comes from, by what its client says of it (`appData.source`): our own words, or those of the newest
 * demo (audio, video, screensharing). The demo of 2024 says `share: true` for a shared screen, or nothing.
 */
export function sourceOf(kind: Kind, appData: Readonly<Record<string, unknown>>): TrackSource {
  const said = appData.source;
  if (typeof said === 'string') {
    if ((trackSources as readonly string[]).includes(said)) return fitting(kind, said as TrackSource);
    if (said === 'audio') return kind === 'audio' ? 'microphone' : 'other';
    if (said === 'video') return kind === 'video' ? 'camera' : 'other';
    if (said === 'screensharing') return kind === 'video' ? 'screen' : 'screen-audio';
    return 'other';
  }
  if (appData.share === true) return kind === 'video' ? 'screen' : 'screen-audio';
  return kind === 'audio' ? 'microphone' : 'camera';
}

/** A client can't call a picture a microphone to get past its rights: what doesn't fit the kind is `other`. */
function fitting(kind: Kind, source: TrackSource): TrackSource {
  const audio = source === 'microphone' || source === 'screen-audio';
  const video = source === 'camera' || source === 'screen';
  return (audio && kind === 'video') || (video && kind === 'audio') ? 'other' : source;
}

/** Hidden participants publish nothing: others would have to be told whose it is. */
export function mayPublish(permissions: Permissions, source: TrackSource): boolean {
  return !permissions.hidden && permissions.publish.includes(source);
}

/** What somebody must be told no about, or null. */
export interface SubscriptionFacts {
  readonly own: boolean;
  readonly joined: boolean;
  readonly permitted: boolean;
  /** Said at joining what it can receive. */
  readonly capable: boolean;
  readonly hasTransport: boolean;
  /** What it asked for itself; undefined: nothing. */
  readonly asked: 'in' | 'out' | undefined;
  readonly autoSubscribe: boolean;
}

/** Whether somebody is to have a consumer of a track now. */
export function isSubscribed(facts: SubscriptionFacts): boolean {
  if (facts.own || !facts.joined || !facts.permitted || !facts.capable || !facts.hasTransport) return false;
  return facts.asked === undefined ? facts.autoSubscribe : facts.asked === 'in';
}

/** Whether others are told that somebody is there. */
export function isAnnounced(facts: {
  readonly joined: boolean;
  readonly hidden: boolean;
  readonly admin: boolean;
  readonly audience: boolean;
  readonly tracks: number;
}): boolean {
  if (!facts.joined || facts.hidden) return false;
  return !facts.audience || facts.admin || facts.tracks > 0;
}

/** Rights after a change, and what follows for what somebody has already. */
export function consequencesOf(before: Permissions, after: Permissions) {
  return {
    unpublish: (source: TrackSource) => mayPublish(before, source) && !mayPublish(after, source),
    unsubscribe: before.subscribe && !after.subscribe,
    subscribe: !before.subscribe && after.subscribe,
    closeData: before.data && !after.data,
    openData: !before.data && after.data,
  };
}
