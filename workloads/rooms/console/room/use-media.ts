import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { RoomDescription } from '../../contract/media/calls.ts';
import { mediaQuery } from '../queries.ts';
import { mediaByPerson, type PersonMedia, type ScoreHistory, withReading } from './media-view.ts';

/** Two minutes, a reading every two seconds. */
export const historyLength = 60;

export interface RoomMedia {
  readonly description: RoomDescription | undefined;
  readonly people: ReadonlyMap<string, PersonMedia>;
  readonly history: ReadonlyMap<string, ScoreHistory>;
}

/** What a room has in its media host, and how scores went since the page was opened. */
export function useRoomMedia(id: string, active: boolean): RoomMedia {
  const query = useQuery(mediaQuery(id, active));
  const [media, setMedia] = useState<RoomMedia>({
    description: undefined,
    people: new Map(),
    history: new Map(),
  });
  const seen = useRef(0);
  const { data, dataUpdatedAt } = query;
  useEffect(() => {
    if (!data || dataUpdatedAt === seen.current) return;
    seen.current = dataUpdatedAt;
    setMedia((before) => {
      const people = mediaByPerson(data);
      return { description: data, people, history: withReading(before.history, people, historyLength) };
    });
  }, [data, dataUpdatedAt]);
  return media;
}
