import { type Project, ProjectCreate, Project as ProjectSchema } from '@backlot/contract/api/access';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { IconFolder, IconPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { ProjectPanel } from './project-panel.tsx';
import { projectListQuery } from './queries.ts';
import { slugOf } from './slug.ts';
import { accessTexts } from './texts.ts';

export function Projects() {
  const say = useTexts(accessTexts);
  const { can } = useSession();
  const [open, setOpen] = useSearch('open');
  const list = useList(projectListQuery());
  const columns = useProjectColumns();
  const selected = list.items?.find((project) => project.id === open);
  const add = can('projects.create') && (
    <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setOpen('new')}>
      {say('project.add')}
    </Button>
  );
  return (
    <>
      {list.items !== undefined && list.items.length > 0 && <div className={classes.tools}>{add}</div>}
      <ListView list={list}>
        {(projects) => (
          <DataTable
            fill
            label={say('projects')}
            columns={columns}
            rows={projects}
            rowKey={(project) => project.id}
            selected={open}
            onOpen={(project) => setOpen(project.id)}
            onEnd={list.more}
            empty={
              <EmptyState
                icon={<IconFolder size={32} stroke={1.4} />}
                title={say('project.none')}
                action={add}
              >
                {say('project.none.text')}
              </EmptyState>
            }
          />
        )}
      </ListView>
      {open === 'new' && <NewProject onClose={() => setOpen(undefined)} />}
      {selected && <ProjectPanel key={selected.id} project={selected} onClose={() => setOpen(undefined)} />}
    </>
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
