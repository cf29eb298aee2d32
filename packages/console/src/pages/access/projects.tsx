import { type Project, ProjectCreate, Project as ProjectSchema } from '@backlot/contract/api/access';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { IconFolder } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Collection } from '../../parts/collection.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { ProjectPanel } from './project-panel.tsx';
import { projectListQuery } from './queries.ts';
import { slugOf } from './slug.ts';
import { accessTexts } from './texts.ts';

export function Projects() {
  const say = useTexts(accessTexts);
  const { can } = useSession();
  const list = useList(projectListQuery());
  const columns = useProjectColumns();
  return (
    <Collection
      label={say('projects')}
      list={list}
      columns={columns}
      add={
        can('projects.create')
          ? { label: say('project.add'), panel: (close) => <NewProject onClose={close} /> }
          : undefined
      }
      none={{ icon: IconFolder, title: say('project.none'), text: say('project.none.text') }}
      panelOf={(project, close) => <ProjectPanel project={project} onClose={close} />}
    />
  );
}

function useProjectColumns(): readonly Column<Project>[] {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const format = useFormat();
  return useMemo(
    () => [
      {
        key: 'name',
        header: word('word.name'),
        width: 'minmax(160px, 2fr)',
        cell: (project) => project.name,
        phone: 'title',
      },
      {
        key: 'slug',
        header: say('project.slug'),
        width: 'minmax(120px, 1fr)',
        cell: (project) => <code>{project.slug}</code>,
        phone: 'meta',
      },
      {
        key: 'weight',
        header: say('project.weight'),
        width: '80px',
        cell: (project) => format.number(project.weight, 2),
        align: 'end',
      },
      {
        key: 'retention',
        header: say('project.retention'),
        width: '120px',
        cell: (project) =>
          project.retentionDays === null
            ? say('project.retention.ever')
            : say('project.retention.days', { count: project.retentionDays }),
        align: 'end',
        phone: 'end',
      },
      {
        key: 'created',
        header: word('word.created'),
        width: '120px',
        cell: (project) => <Ago at={project.createdAt} />,
        align: 'end',
      },
    ],
    [say, word, format],
  );
}

function NewProject({ onClose }: { readonly onClose: () => void }) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [slug, setSlug] = useState<string>();
  const [weight, setWeight] = useState(1);
  const [retention, setRetention] = useState<number | ''>('');
  const create = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/projects', ProjectSchema, {
        json: ProjectCreate.parse({
          name,
          slug: slug ?? slugOf(name),
          weight,
          retentionDays: retention === '' ? null : retention,
        }),
      }),
    onSuccess: async () => {
      await invalidateSubjects(client, new Set(['project']));
      await client.invalidateQueries({ queryKey: ['me'] });
      onClose();
    },
  });
  return (
    <SidePanel title={say('project.add')} onClose={onClose}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label={word('word.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
        />
        <TextInput
          label={say('project.slug')}
          description={say('project.slug.hint')}
          value={slug ?? slugOf(name)}
          onChange={(event) => setSlug(event.currentTarget.value)}
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
        />
        <NumberInput
          label={say('project.retention')}
          placeholder={say('project.retention.ever')}
          min={1}
          value={retention}
          onChange={(value) => setRetention(value === '' ? '' : Number(value))}
        />
        {create.error && <ProblemNotice error={create.error} />}
        <Button type="submit" loading={create.isPending}>
          {say('project.make')}
        </Button>
      </form>
    </SidePanel>
  );
}
