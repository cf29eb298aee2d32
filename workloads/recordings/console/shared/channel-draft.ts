import type { z } from 'zod';
import type { ChannelCreate, ChannelSettings } from '../../contract/channel.ts';
import { kindOfAddress, type resolvers, type SourceSpec } from '../../contract/source.ts';

/** A channel as its form has it: texts and numbers as people type them, empty where nothing was said. */
export interface ChannelDraft {
  readonly name: string;
  readonly from: 'url' | 'push' | 'bililive';
  readonly url: string;
  /** `auto`: by the address. */
  readonly kind: 'auto' | 'http-flv' | 'hls' | 'rtmp' | 'rtsp' | 'srt' | 'resolver';
  readonly resolver: (typeof resolvers)[number];
  readonly roomId: number;
  readonly qualities: readonly string[];
  readonly windows: readonly { readonly cron: string; readonly minutes: number }[];
  readonly timeZone: string;
  readonly cutMinutes: number | '';
  readonly cutGib: number | '';
  readonly cutOnTitle: boolean;
  readonly flowId: string | null;
  readonly keepDays: number | '';
  readonly keepBroadcasts: number | '';
  readonly keepGib: number | '';
  readonly keepUnverified: boolean;
  readonly silenceMinutes: number;
  readonly expectedMbit: number;
  readonly pool: string;
}

const gib = 1024 ** 3;

export function emptyDraft(timeZone: string): ChannelDraft {
  return {
    name: '',
    from: 'url',
    url: '',
    kind: 'auto',
    resolver: 'streamlink',
    roomId: 0,
    qualities: [],
    windows: [],
    timeZone,
    cutMinutes: '',
    cutGib: '',
    cutOnTitle: false,
    flowId: null,
    keepDays: '',
    keepBroadcasts: '',
    keepGib: '',
    keepUnverified: false,
    silenceMinutes: 10,
    expectedMbit: 4,
    pool: '',
  };
}

/** The form of a channel that is there already. */
export function draftOf(settings: ChannelSettings, timeZone: string): ChannelDraft {
  const { source, schedule, cut, retention } = settings;
  return {
    ...emptyDraft(timeZone),
    name: settings.name,
    from: source.kind === 'push' || source.kind === 'bililive' ? source.kind : 'url',
    url: 'url' in source ? source.url : '',
    kind: 'url' in source ? source.kind : 'auto',
    resolver: source.kind === 'resolver' ? source.resolver : 'streamlink',
    roomId: source.kind === 'bililive' ? source.roomId : 0,
    qualities: settings.qualities,
    windows: schedule?.windows ?? [],
    timeZone: schedule?.timeZone ?? timeZone,
    cutMinutes: cut.everyMs === undefined ? '' : cut.everyMs / 60_000,
    cutGib: cut.bytes === undefined ? '' : cut.bytes / gib,
    cutOnTitle: cut.onTitle ?? false,
    flowId: settings.flow?.flowId ?? null,
    keepDays: retention?.days ?? '',
    keepBroadcasts: retention?.broadcasts ?? '',
    keepGib: retention?.bytes === undefined ? '' : retention.bytes / gib,
    keepUnverified: retention !== null && !retention.onlyVerified,
    silenceMinutes: settings.silenceMs / 60_000,
    expectedMbit: settings.expectedBitrate / 1e6,
    pool: settings.pool ?? '',
  };
}

/** What an address will be taken for: chosen, or read from it; undefined while it is none. */
export function kindOfDraft(draft: ChannelDraft): Exclude<ChannelDraft['kind'], 'auto'> | undefined {
  return draft.kind === 'auto' ? kindOfAddress(draft.url.trim()) : draft.kind;
}

type CreateInput = z.input<typeof ChannelCreate>;

/** The source as the API takes it. `before` is the source of a channel that is changed: its key stays. */
function sourceOf(draft: ChannelDraft, before: SourceSpec | undefined): CreateInput['source'] {
  if (draft.from === 'push') return before?.kind === 'push' ? before : { kind: 'push' };
  if (draft.from === 'bililive') return { kind: 'bililive', roomId: draft.roomId };
  const url = draft.url.trim();
  const headers = before && 'headers' in before && before.headers ? { headers: before.headers } : {};
  const kind = kindOfDraft(draft);
  if (kind === undefined) return { kind: 'auto', url };
  if (kind === 'resolver') return { kind, resolver: draft.resolver, url };
  return { kind, url, ...headers };
}

/** The draft as the API takes it, or the fields in which something is missing. */
export function settingsOf(
  draft: ChannelDraft,
  before?: ChannelSettings,
):
  | { readonly settings: Omit<CreateInput, 'projectId'> }
  | { readonly missing: readonly (keyof ChannelDraft)[] } {
  const missing: (keyof ChannelDraft)[] = [];
  if (draft.name.trim() === '') missing.push('name');
  if (draft.from === 'url' && kindOfDraft(draft) === undefined) missing.push('url');
  if (missing.length > 0) return { missing };
  const keeps = draft.keepDays !== '' || draft.keepBroadcasts !== '' || draft.keepGib !== '';
  const settings: Omit<CreateInput, 'projectId'> = {
    name: draft.name.trim(),
    source: sourceOf(draft, before?.source),
    qualities: [...draft.qualities],
    schedule:
      draft.windows.length === 0
        ? null
        : { windows: draft.windows.map((window) => ({ ...window })), timeZone: draft.timeZone },
    cut: {
      ...(draft.cutMinutes === '' ? {} : { everyMs: Math.round(draft.cutMinutes * 60_000) }),
      ...(draft.cutGib === '' ? {} : { bytes: Math.round(draft.cutGib * gib) }),
      ...(draft.cutOnTitle ? { onTitle: true } : {}),
    },
    flow:
      draft.flowId === null
        ? null
        : draft.flowId === before?.flow?.flowId
          ? before.flow
          : { flowId: draft.flowId, versionId: null },
    retention: keeps
      ? {
          ...(draft.keepDays === '' ? {} : { days: draft.keepDays }),
          ...(draft.keepBroadcasts === '' ? {} : { broadcasts: draft.keepBroadcasts }),
          ...(draft.keepGib === '' ? {} : { bytes: Math.round(draft.keepGib * gib) }),
          onlyVerified: !draft.keepUnverified,
        }
      : null,
    silenceMs: Math.round(draft.silenceMinutes * 60_000),
    expectedBitrate: Math.round(draft.expectedMbit * 1e6),
    pool: draft.pool.trim() === '' ? null : draft.pool.trim(),
  };
  return { settings };
}
