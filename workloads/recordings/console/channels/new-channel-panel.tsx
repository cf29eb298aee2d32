import { ProblemNotice, SidePanel, transport, useSession, useTexts } from '@backlot/console/workload';
import { Button, Select } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Channel } from '../../contract/channel.ts';
import { type ChannelDraft, emptyDraft, settingsOf } from '../shared/channel-draft.ts';
import classes from '../shared/channel-form.module.css';
import { ChannelForm } from '../shared/channel-form.tsx';
import { useAct } from '../shared/use-act.tsx';
import { recordingTexts } from '../texts.ts';

interface NewChannelPanelProps {
  readonly onClose: () => void;
  readonly onCreated: (channel: Channel) => void;
}

/** A new channel: an address and a name, or a name alone for one that is pushed to us. */
export function NewChannelPanel({ onClose, onCreated }: NewChannelPanelProps) {
  const say = useTexts(recordingTexts);
  const { project, projects, can } = useSession();
  const act = useAct();
  const mine = projects.filter((one) => can('recordings.write', one.id));
  const [chosen, setProjectId] = useState<string>();
  // By its address the panel may be there before the projects are.
  const projectId = chosen ?? project?.id ?? mine[0]?.id;
  const [draft, setDraft] = useState(() => emptyDraft(Intl.DateTimeFormat().resolvedOptions().timeZone));
  const [missing, setMissing] = useState<readonly (keyof ChannelDraft)[]>([]);
  const create = useMutation({
    mutationFn: async (settings: object) => {
      let made: Channel | undefined;
      await act.whole(async () => {
        made = await transport().call('POST', '/api/v1/channels', Channel, {
          json: { projectId, ...settings },
        });
      });
      return made;
    },
    onSuccess: (channel) => channel && onCreated(channel),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const answer = settingsOf(draft);
    if ('missing' in answer) setMissing(answer.missing);
    else create.mutate(answer.settings);
  };
  if (projectId === undefined) {
    return (
      <SidePanel title={say('form.new')} onClose={onClose}>
        <p>{say('form.needsProject')}</p>
      </SidePanel>
    );
  }
  return (
    <SidePanel title={say('form.new')} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        {mine.length > 1 && (
          <Select
            label={say('form.project')}
            allowDeselect={false}
            data={mine.map((one) => ({ value: one.id, label: one.name }))}
            value={projectId}
            onChange={(value) => value !== null && setProjectId(value)}
          />
        )}
        <ChannelForm
          isNew
          draft={draft}
          projectId={projectId}
          missing={missing}
          onChange={(next) => {
            setDraft(next);
            setMissing([]);
          }}
        />
        <ProblemNotice error={create.error} />
        <Button type="submit" loading={create.isPending}>
          {say('form.create')}
        </Button>
      </form>
    </SidePanel>
  );
}
