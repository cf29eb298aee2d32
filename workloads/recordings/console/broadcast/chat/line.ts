import type { ChatLine, chatLineKinds } from '../../../contract/chat.ts';

export type ChatLineKind = (typeof chatLineKinds)[number];

/** A name or a text of a stranger, short enough to stand in a row. No emoji is cut in half. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** Where in a film: "0:12:03". Always with hours, so that the times of all rows are of one width. */
export function filmClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(total / 3600)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
}

/** A line's colour as CSS, where its writer chose one. */
export function colorOf({ color }: ChatLine): string | undefined {
  return color === undefined ? undefined : `#${color.toString(16).padStart(6, '0')}`;
}
