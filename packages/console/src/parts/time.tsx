import { toMs, useFormat } from '../format/index.ts';
import { useNow } from './use-now.ts';

/** How long something took, or has been going on when it has not ended: then it ticks. */
export function Duration({ from, to }: { readonly from: string | null; readonly to?: string | null }) {
  const start = toMs(from);
  const end = toMs(to);
  if (start === null) return <span className="dim">–</span>;
  return end === null ? <Running since={start} /> : <Fixed ms={end - start} />;
}

function Fixed({ ms }: { readonly ms: number }) {
  const format = useFormat();
  return <span className="nowrap">{format.duration(Math.max(0, ms))}</span>;
}

function Running({ since }: { readonly since: number }) {
  const now = useNow();
  // Whole seconds only: tenths that jump by ten help nobody.
  return <Fixed ms={Math.max(0, Math.floor((now - since) / 1000) * 1000)} />;
}

/** A moment as "3 min. ago", with date and seconds in the tooltip and in `datetime`. */
export function Ago({ at }: { readonly at: string | null }) {
  const format = useFormat();
  const now = useNow();
  const ms = toMs(at);
  if (ms === null || at === null) return <span className="dim">–</span>;
  return (
    <time dateTime={at} title={format.moment(ms)} className="nowrap">
      {format.relative(Math.min(ms, now), now)}
    </time>
  );
}

/** A moment in the future: "in 2 hr.", or "3 min. ago" once it has passed. */
export function Until({ at }: { readonly at: string | null }) {
  const format = useFormat();
  const now = useNow();
  const ms = toMs(at);
  if (ms === null || at === null) return <span className="dim">–</span>;
  return (
    <time dateTime={at} title={format.moment(ms)} className="nowrap">
      {format.relative(ms, now)}
    </time>
  );
}
