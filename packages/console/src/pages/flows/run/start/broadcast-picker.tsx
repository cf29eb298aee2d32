import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormat } from '../../../../format/index.ts';
import { useTexts } from '../../../../i18n/texts.ts';
import { ProblemNotice } from '../../../../parts/problem-notice.tsx';
import { runTexts } from '../texts.ts';
import {
  type EndedBroadcast,
  endedBroadcastsQuery,
  givenSegments,
  readSegments,
  toldOf,
} from './broadcast-occasion.ts';
import type { Given } from './start-input.ts';

interface BroadcastPickerProps {
  readonly projectId: string;
  /** Its segments, and what the trigger would have told of it. */
  readonly onPick: (segments: readonly Given[], told: Readonly<Record<string, unknown>>) => void;
}

/** Chooses a broadcast that is over: what its end would have given to the flow. */
export function BroadcastPicker({ projectId, onPick }: BroadcastPickerProps) {
  const say = useTexts(runTexts);
  const format = useFormat();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<EndedBroadcast>();
  const nameOf = ({ title, channelName, startedAt }: EndedBroadcast) =>
    [...(title ? [title] : []), channelName, format.moment(startedAt)].join(' · ');
  // Once one is chosen its name stands in the box; nobody looks for that.
  const [text] = useDebouncedValue(chosen && typed === nameOf(chosen) ? '' : typed.trim(), 200);
  const found = useQuery(endedBroadcastsQuery(projectId, text === '' ? undefined : text));
  const read = useMutation({
    mutationFn: (broadcast: EndedBroadcast) => readSegments(broadcast.id),
    onSuccess: (segments, broadcast) => onPick(givenSegments(segments), toldOf(broadcast)),
  });
  const items = found.data ?? [];
  const shown = chosen && !items.some(({ id }) => id === chosen.id) ? [chosen, ...items] : items;
  return (
    <div>
      <Select
        label={say('start.broadcast')}
        description={say('start.broadcast.hint')}
        searchable
        // The server has searched already, in more than the name.
        filter={({ options }) => options}
        // Nothing is said of a list that is not there yet.
        nothingFoundMessage={
          found.data && say(text === '' ? 'start.broadcast.never' : 'start.broadcast.none')
        }
        data={shown.map((one) => ({ value: one.id, label: nameOf(one) }))}
        value={chosen?.id ?? null}
        searchValue={typed}
        onSearchChange={setTyped}
        onChange={(id) => {
          const one = shown.find((broadcast) => broadcast.id === id);
          if (!one) return;
          setChosen(one);
          read.mutate(one);
        }}
      />
      <ProblemNotice error={read.error ?? found.error} inline />
    </div>
  );
}
