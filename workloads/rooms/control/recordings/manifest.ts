import type { RecordedPart, RecordingManifest } from '../../contract/recording.ts';

/** A part with what is needed to find its bytes again. */
export interface ManifestPart extends RecordedPart {
  readonly file: string;
  readonly clockFile: string | null;
  readonly digest: string;
}

/**
 * What a composition starts from: the tracks in order of their first packet, their parts in order, each with its place in
 * time. Two tracks that begin together by the node's clock begin together here; how exactly sound and picture belong
 * together is in the clock files. Pure.
 */
export function makeManifest(recording: {
  readonly id: string;
  readonly room: RecordingManifest['room'];
  readonly startedAt: number;
  readonly endedAt: number;
  readonly parts: readonly ManifestPart[];
}): RecordingManifest {
  const { id, room, startedAt, endedAt, parts } = recording;
  const tracks = new Map<string, ManifestPart[]>();
  for (const part of parts) tracks.set(part.producerId, [...(tracks.get(part.producerId) ?? []), part]);
  const ordered = [...tracks.values()]
    .map((list) => list.toSorted((a, b) => a.part - b.part))
    .toSorted((a, b) => (a[0]?.startedAt ?? 0) - (b[0]?.startedAt ?? 0));
  return {
    version: 1,
    recordingId: id,
    room,
    startedAt,
    endedAt,
    tracks: ordered.flatMap((list) => {
      const [first] = list;
      if (!first) return [];
      return [
        {
          producerId: first.producerId,
          participant: first.owner,
          kind: first.kind,
          source: first.source,
          codec: first.codec,
          parts: list.map((part) => ({
            part: part.part,
            file: part.file,
            clock: part.clockFile,
            digest: part.digest,
            offsetMs: part.startedAt - startedAt,
            durationMs: part.durationMs,
            width: part.width,
            height: part.height,
            cutOff: part.cutOff,
          })),
        },
      ];
    }),
  };
}
