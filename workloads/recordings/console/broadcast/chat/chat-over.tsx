import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import classes from './chat-over.module.css';
import { chatQuery } from './chat-query.ts';
import { flyOver } from './fly-over.ts';
import type { ChatLineKind } from './line.ts';
import { withoutKinds } from './lines-at.ts';

interface ChatOverProps {
  readonly artifactId: string;
  readonly video: HTMLVideoElement;
  readonly hidden: readonly ChatLineKind[];
}

/** Gifts and members are many and say little: over the picture, only what was written. */
const neverOver: readonly ChatLineKind[] = ['gift', 'member'];

/** The chat over the picture. React draws an empty layer once; everything in it is `flyOver`'s. */
export function ChatOver({ artifactId, video, hidden }: ChatOverProps) {
  const layer = useRef<HTMLDivElement>(null);
  const { data } = useQuery(chatQuery(artifactId));
  const lines = useMemo(
    () => withoutKinds(data?.lines ?? [], [...neverOver, ...hidden]).filter(({ text }) => text.trim() !== ''),
    [data, hidden],
  );
  useEffect(() => {
    if (layer.current && lines.length > 0) return flyOver(video, layer.current, lines);
  }, [video, lines]);
  // The panel beside it has every line as text that can be read.
  return <div ref={layer} className={classes.over} aria-hidden="true" />;
}
