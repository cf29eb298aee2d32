import { Project, type ProjectPatch } from '@backlot/contract/api/access';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { Members } from './members.tsx';
import { accessTexts } from './texts.ts';

/** One project: name, share, how long it keeps files, and who has a role in it. */
export function ProjectPanel({
  project,
  onClose,
}: {
  readonly project: Project;
  readonly onClose: () => void;
}) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { can } = useSession();
  const [name, setName] = useState(project.name);
  const [weight, setWeight] = useState(project.weight);
  const [retention, setRetention] = useState<number | ''>(project.retentionDays ?? '');
  const save = useMutation({
    mutationFn: (patch: z.input<typeof ProjectPatch>) =>
      transport().call('PATCH', `/api/v1/projects/${encodeURIComponent(project.id)}`, Project, {
        json: patch,
      }),
    onSuccess: () => invalidateSubjects(client, new Set(['project'])),
  });
  const manage = can('projects.manage', project.id);
  return (
    <SidePanel title={project.name} onClose={onClose}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ name, weight, retentionDays: retention === '' ? null : retention });
        }}
      >
        <TextInput
          label={word('word.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          disabled={!manage}
          required
        />
        <NumberInput
          label={say('project.weight')}
          description={say('project.weight.hint')}
          min={0.1}
          max={100}
          step={0.5}
          value={weight}
          onChange={(value) => setWeight(Number(value) || 1)}
          disabled={!manage}
        />
        <NumberInput
          label={say('project.retention')}
          placeholder={say('project.retention.ever')}
          min={1}
          value={retention}
          onChange={(value) => setRetention(value === '' ? '' : Number(value))}
          disabled={!manage}
        />
        {save.error && <ProblemNotice error={save.error} />}
        {manage && (
          <Button type="submit" loading={save.isPending}>
            {save.isSuccess ? say('save.done') : word('do.save')}
          </Button>
        )}
      </form>
      {can('members.read', project.id) && <Members projectId={project.id} />}
    </SidePanel>
  );
}
