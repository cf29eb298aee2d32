import { ProblemNotice, SidePanel, transport, useSession, useTexts } from '@backlot/console/workload';
import { Button, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Room } from '../../contract/room.ts';
import { roomTexts } from '../texts.ts';
import classes from './rooms-page.module.css';

interface CreatePanelProps {
  readonly onClose: () => void;
  readonly onCreated: (room: Room) => void;
}

/** A new room: a name is enough. */
export function CreatePanel({ onClose, onCreated }: CreatePanelProps) {
  const say = useTexts(roomTexts);
  const { project, projects, can } = useSession();
  const mine = projects.filter((one) => can('rooms.write', one.id));
  const [projectId, setProjectId] = useState(project?.id ?? mine[0]?.id ?? null);
  const [name, setName] = useState('');
  const [lobby, setLobby] = useState(false);
  const [audience, setAudience] = useState(false);
  const [record, setRecord] = useState(false);
  const [keep, setKeep] = useState(false);
  const [most, setMost] = useState<number>(50);
  const create = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/rooms', Room, {
        json: {
          projectId,
          name: name.trim(),
          settings: {
            lobby,
            audience,
            record,
            maxParticipants: most,
            ...(keep ? { emptyTimeoutS: 0, departureTimeoutS: 0 } : {}),
          },
        },
      }),
    onSuccess: onCreated,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (projectId === null) {
    return (
      <SidePanel title={say('new')} onClose={onClose}>
        <p>{say('create.needsProject')}</p>
      </SidePanel>
    );
  }
  return (
    <SidePanel title={say('new')} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={say('create.name')}
          description={say('create.name.hint')}
          value={name}
          maxLength={80}
          pattern="[A-Za-z0-9][A-Za-z0-9._~\-]*"
          required
          data-autofocus
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {mine.length > 1 && (
          <Select
            label={say('create.project')}
            allowDeselect={false}
            data={mine.map((one) => ({ value: one.id, label: one.name }))}
            value={projectId}
            onChange={(value) => value !== null && setProjectId(value)}
          />
        )}
        <NumberInput
          label={say('create.max')}
          min={1}
          max={10_000}
          clampBehavior="strict"
          value={most}
          onChange={(value) => typeof value === 'number' && setMost(value)}
        />
        <Switch
          label={say('create.lobby')}
          checked={lobby}
          onChange={(event) => setLobby(event.currentTarget.checked)}
        />
        <Switch
          label={say('create.audience')}
          checked={audience}
          onChange={(event) => setAudience(event.currentTarget.checked)}
        />
        <Switch
          label={say('create.record')}
          checked={record}
          onChange={(event) => setRecord(event.currentTarget.checked)}
        />
        <Switch
          label={say('create.keep')}
          checked={keep}
          onChange={(event) => setKeep(event.currentTarget.checked)}
        />
        <ProblemNotice error={create.error} />
        <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
          {say('create.do')}
        </Button>
      </form>
    </SidePanel>
  );
}
