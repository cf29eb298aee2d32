import { Artifact } from '@backlot/contract/api/artifacts';
import { Page } from '@backlot/contract/api/common';
import { mostFilesByHand } from '@backlot/contract/flow/api';
import { ActionIcon, Button, Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { listQuery } from '../../../../api/queries.ts';
import { transport } from '../../../../api/transport.ts';
import { useList } from '../../../../api/use-list.ts';
import { useFormat } from '../../../../format/index.ts';
import { useTexts } from '../../../../i18n/texts.ts';
import { shownChoices } from '../../../../parts/choices.ts';
import { ProblemNotice } from '../../../../parts/problem-notice.tsx';
import { runTexts } from '../texts.ts';
import classes from './artifact-picker.module.css';
import type { Given, StartPort } from './start-input.ts';

interface ArtifactPickerProps {
  readonly projectId: string;
  readonly port: StartPort;
  readonly label: string;
  readonly value: readonly Given[];
  readonly onChange: (value: readonly Given[]) => void;
}

const shownFiles = 8;
const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** Chooses files of the project, newest first; an id that somebody has at hand finds its file, too. */
export function ArtifactPicker({ projectId, port, label, value, onChange }: ArtifactPickerProps) {
  const say = useTexts(runTexts);
  const format = useFormat();
  const [typed, setTyped] = useState('');
  // Without subjects: where channels are recorded files come by the second, and a list that one chooses from holds still.
  const list = useList(listQuery('/api/v1/artifacts', Artifact, { projectId }, []));
  const [wanted] = useDebouncedValue(typed.trim(), 200);
  const isKind = /^[a-z][a-z0-9.-]{1,59}$/.test(wanted);
  // A project that records has thousands of segments for each film: the films are asked for by their kind.
  const ofKind = useQuery({
    queryKey: ['artifacts', 'of-kind', projectId, wanted],
    queryFn: async ({ signal }) =>
      (
        await transport().call('GET', '/api/v1/artifacts', Page(Artifact), {
          query: { projectId, kind: wanted, limit: shownChoices },
          signal,
        })
      ).items,
    enabled: isKind,
  });
  const named = useQuery({
    queryKey: ['artifact', wanted],
    queryFn: ({ signal }) =>
      transport().call('GET', `/api/v1/artifacts/${encodeURIComponent(wanted)}`, Artifact, { signal }),
    enabled: isId(wanted),
    retry: false,
  });
  const chosen = new Set(value.map(({ id }) => id));
  const found =
    named.data && isId(wanted)
      ? [named.data]
      : [
          ...new Map(
            [...((isKind && ofKind.data) || []), ...(list.items ?? [])].map((one) => [one.id, one]),
          ).values(),
        ];
  const choices = found.filter(({ id }) => !chosen.has(id));
  const nothing = list.hasMore ? 'older.hint' : wanted === '' && chosen.size === 0 ? 'never' : 'none';
  const total = value.reduce((sum, { size }) => sum + size, 0);
  return (
    <div className={classes.picker}>
      <Select
        label={label}
        description={say(port.many ? 'start.files.hint' : 'start.file.hint')}
        placeholder={say('start.files.find')}
        searchable
        limit={shownChoices}
        // By an id the answer is there already, and its name need not have it in it.
        {...(isId(wanted) ? { filter: ({ options }) => options } : {})}
        nothingFoundMessage={list.items && say(`start.files.${nothing}`)}
        error={
          value.length > mostFilesByHand ? say('start.files.most', { most: mostFilesByHand }) : undefined
        }
        data={choices.map((one) => ({
          value: one.id,
          label: `${one.name} · ${one.kind} · ${format.bytes(one.size)} · ${format.moment(one.createdAt)}`,
        }))}
        value={null}
        searchValue={typed}
        onSearchChange={setTyped}
        onChange={(id) => {
          const one = found.find((artifact) => artifact.id === id);
          if (!one) return;
          onChange(port.many ? [...value, one] : [one]);
          setTyped('');
        }}
      />
      {list.hasMore && (
        <Button variant="subtle" size="compact-xs" className={classes.older ?? ''} onClick={list.more}>
          {say('start.files.older', { count: list.items?.length ?? 0 })}
        </Button>
      )}
      <ProblemNotice error={list.error ?? ofKind.error ?? named.error} inline />
      {value.length > 0 && (
        <ul className={classes.chosen} aria-label={label}>
          {value.slice(0, shownFiles).map((file) => (
            <li key={file.id}>
              <span className={classes.name}>{file.name}</span>
              <span className="dim">{format.bytes(file.size)}</span>
              <ActionIcon
                aria-label={say('start.files.remove', { name: file.name })}
                onClick={() => onChange(value.filter(({ id }) => id !== file.id))}
              >
                <IconX size={14} aria-hidden="true" />
              </ActionIcon>
            </li>
          ))}
          {value.length > 1 && (
            <li>
              <span className={classes.name}>
                {say('start.files.sum', { count: value.length, size: format.bytes(total) })}
              </span>
              <Button variant="subtle" size="compact-xs" onClick={() => onChange([])}>
                {say('start.files.clear')}
              </Button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
