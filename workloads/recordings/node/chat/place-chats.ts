import type { JoinPart } from '../join/plan-join.ts';

/** Which segment a file of chat belongs to: by the recorder's name of the broadcast, and the number it gave. */
export interface ChatOf {
  readonly broadcast: string;
  readonly number: number;
}

/** Where the clock of a file of chat lies in a film. Milliseconds of the film. */
export interface ChatPlace {
  /** Place of the part in the plan. */
  readonly part: number;
  /** Film time of the file's time 0, the first picture of its segment. */
  readonly fromMs: number;
  /** Of the segment's last picture. What its clock says behind it was said before the next one began. */
  readonly toMs: number;
}

/**
 * Places files of chat on the films of a plan, each undefined where its segment leads nowhere: of a part that was not made, or
 * of a twin that only fills the lead's holes; what was said to both is in the lead's file.
 * @param zeros what each film calls 0, on the clock of the plan; undefined for a part that became no film. Pure.
 */
export function placeChats(
  chats: readonly ChatOf[],
  parts: readonly JoinPart[],
  zeros: readonly (number | undefined)[],
): (ChatPlace | undefined)[] {
  const places = new Map<string, ChatPlace>();
  for (const [part, { runs }] of parts.entries()) {
    const zero = zeros[part];
    if (zero === undefined) continue;
    for (const { segments, offsetMs } of runs) {
      for (const segment of segments) {
        const fromMs = segment.firstMs + offsetMs - zero;
        places.set(keyOf(segment), { part, fromMs, toMs: segment.lastMs + offsetMs - zero });
      }
    }
  }
  return chats.map((chat) => places.get(keyOf(chat)));
}

const keyOf = ({ broadcast, number }: ChatOf) => `${broadcast}:${number}`;

/** A time of a file on its film: inside of its segment, never before the film. Whole milliseconds. Pure. */
export function filmMs(seconds: number, { fromMs, toMs }: Pick<ChatPlace, 'fromMs' | 'toMs'>): number {
  return Math.max(0, Math.round(Math.min(Math.max(fromMs + seconds * 1_000, fromMs), toMs)));
}
