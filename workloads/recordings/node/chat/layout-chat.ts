import type { ChatLine } from '../../contract/chat.ts';
import type { ChatCover } from '../../contract/join.ts';
import { type Flight, Lanes } from './lanes.ts';
import { fitText, textWidth } from './text-width.ts';

export type ChatArea = Exclude<ChatCover, 'none'>;
const shares: Readonly<Record<ChatArea, number>> = { quarter: 0.25, half: 0.5, whole: 1 };

/** A picture is crossed in so much where it is as broad as it mostly is. Milliseconds. */
const CROSSING_MS = 8_000;
const STANDING_MS = 4_000;
/** What was paid for stands so long, and a second longer for each ten of money. */
const PAID_MS = 10_000;
const MOST_PAID_MS = 30_000;
/** Code points of a message that flies; a longer one would be over the picture for minutes. */
const mostFlying = 80;

export interface ChatLook {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
  readonly laneHeight: number;
  readonly lanes: number;
  /** Pixels for each millisecond. */
  readonly speed: number;
}

/** A message in its place. Times in milliseconds, whole hundredths of a second, because subtitles have no others. */
export interface PlacedLine extends Flight {
  readonly kind: 'message' | 'paid';
  readonly text: string;
  readonly color: number | undefined;
  readonly lane: number;
}

export interface ChatLayout {
  readonly look: ChatLook;
  readonly placed: readonly PlacedLine[];
  /** Messages that found no free lane. */
  readonly notDrawn: number;
}

/** Sizes by the height of the picture; by the breadth of one that stands upright. Pure. */
export function chatLook(width: number, height: number, area: ChatArea): ChatLook {
  const short = Math.min(width, height);
  const fontSize = Math.max(8, Math.round(short / 20));
  const laneHeight = Math.ceil(fontSize * 1.25);
  const lanes = Math.max(1, Math.floor((height * shares[area]) / laneHeight));
  return {
    width,
    height,
    fontSize,
    laneHeight,
    lanes,
    speed: Math.min(width, (short * 16) / 9) / CROSSING_MS,
  };
}

/**
 * Finds a place for what was said and what was paid for; gifts and members are not drawn. All fly at one speed, in the first
 * free lane from the top; what its writer wanted at the bottom stands in the lowest lane of the area. Pure, and the same for
 * the same lines.
 * @param lines in the order of time
 */
export function layoutChat(
  lines: readonly ChatLine[],
  picture: { readonly width: number; readonly height: number },
  area: ChatArea,
): ChatLayout {
  const look = chatLook(picture.width, picture.height, area);
  const lanes = new Lanes(look.lanes, look.width, Math.ceil(look.fontSize / 2));
  const drawn = lines.flatMap((line, order) => {
    const { kind, color } = line;
    return kind === 'message' || kind === 'paid'
      ? { order, place: line.place, flight: { kind, color, ...flightOf(line, look) } }
      : [];
  });
  const [flying, standing] = [true, false].map((flies) =>
    drawn.filter(({ flight }) => flight.flies === flies),
  );
  const inLanes = [
    ...(standing ?? []).map(({ order, flight, place }) => ({
      ...{ order, flight, lane: lanes.stand(flight, place === 'bottom' ? 'bottom' : 'top') },
    })),
    ...(flying ?? []).map(({ order, flight }) => ({ order, flight, lane: lanes.fly(flight) })),
  ];
  const placed = inLanes
    .toSorted((a, b) => a.order - b.order)
    .flatMap(({ flight, lane }): PlacedLine[] => (lane === undefined ? [] : [{ ...flight, lane }]));
  return { look, placed, notDrawn: drawn.length - placed.length };
}

function flightOf(line: ChatLine, { width, fontSize, speed }: ChatLook): Flight & { readonly text: string } {
  const flies = line.kind === 'message' && line.place === undefined;
  const startMs = hundredths(line.ms);
  if (flies) {
    const points = [...line.text];
    const text = points.length > mostFlying ? `${points.slice(0, mostFlying).join('')}…` : line.text;
    const own = textWidth(text, fontSize);
    const endMs = startMs + Math.max(10, hundredths((width + own) / speed));
    return { startMs, endMs, width: own, flies, text };
  }
  const text = fitText(line.kind === 'paid' ? paidText(line) : line.text, fontSize, width);
  const endMs = startMs + (line.kind === 'paid' ? paidMs(line) : STANDING_MS);
  return { startMs, endMs, width: textWidth(text, fontSize), flies, text };
}

/** Amounts are in the platform's money; all platforms whose chat is read here count in yuan. */
function paidText({ price, user, text }: ChatLine): string {
  return [price === undefined ? '' : `¥${price}`, user === '' ? '' : `${user}:`, text]
    .filter(Boolean)
    .join(' ');
}

function paidMs({ price = 0 }: ChatLine): number {
  return hundredths(Math.min(MOST_PAID_MS, PAID_MS + price * 100));
}

const hundredths = (ms: number): number => Math.round(ms / 10) * 10;
