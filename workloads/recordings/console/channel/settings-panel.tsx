import { ProblemNotice, SidePanel, transport, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Channel } from '../../contract/channel.ts';
import { channelPath } from '../queries.ts';
import { type ChannelDraft, draftOf, settingsOf } from '../shared/channel-draft.ts';
import classes from '../shared/channel-form.module.css';
import { ChannelForm } from '../shared/channel-form.tsx';
import { useAct } from '../shared/use-act.tsx';
import { recordingTexts } from '../texts.ts';

/** A channel's settings, changed. What is not in the form stays as it is. */
export function SettingsPanel({
  channel,
  onClose,
}: {
  readonly channel: Channel;
  readonly onClose: () => void;
}) {
  const say = useTexts(recordingTexts);
  const act = useAct();
  const [draft, setDraft] = useState(() =>
    draftOf(channel.settings, Intl.DateTimeFormat().resolvedOptions().timeZone),
  );
  const [missing, setMissing] = useState<readonly (keyof ChannelDraft)[]>([]);
  const save = useMutation({
    mutationFn: (settings: object) =>
      act.whole(() => transport().run('PATCH', channelPath(channel.id), { json: settings })),
    onSuccess: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const answer = settingsOf(draft, channel.settings);
    if ('missing' in answer) setMissing(answer.missing);
    else save.mutate(answer.settings);
  };
  return (
    <SidePanel title={say('form.edit')} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <ChannelForm
          isNew={false}
          draft={draft}
          projectId={channel.projectId}
          missing={missing}
          onChange={(next) => {
            setDraft(next);
            setMissing([]);
          }}
        />
        <p className="dim">{say('form.restart')}</p>
        <ProblemNotice error={save.error} />
        <Button type="submit" loading={save.isPending}>
          {say('form.save')}
        </Button>
      </form>
    </SidePanel>
  );
}
