import {
  EmptyState,
  Page,
  ProblemNotice,
  Section,
  transport,
  useGoTo,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { App, type AppPatch } from '../../contract/api.ts';
import { appTexts } from '../app/app-texts.ts';
import { paths } from '../queries.ts';
import { type DraftFault, demoDraft, firstDraft, toDraft, toRecipe } from '../recipe/draft.ts';
import formClasses from '../recipe/recipe-form.module.css';
import { RecipeForm } from '../recipe/recipe-form.tsx';
import { playerAddress } from '../shared/player-address.ts';
import { useAct } from '../shared/use-act.ts';
import { streamTexts } from '../texts.ts';
import { ImportPixelman } from './import-pixelman.tsx';
import { slugOf } from './slug.ts';

/** One page from a name to an app that can be opened; its first version is made with it. */
export default function NewAppPage() {
  const say = useTexts(streamTexts);
  const sayApp = useTexts(appTexts);
  const goTo = useGoTo();
  const { project: chosen, projects, can } = useSession();
  const [demo] = useSearch('demo');
  const allowed = projects.filter((one) => can('streams.apps.write', one.id));
  const [projectId, setProjectId] = useState<string>();
  const project = allowed.find((one) => one.id === (projectId ?? chosen?.id)) ?? allowed[0];
  const [name, setName] = useState(demo ? 'Demo' : '');
  const [slug, setSlug] = useState(demo ? 'demo' : '');
  const [draft, setDraft] = useState(demo ? demoDraft : firstDraft);
  const [settings, setSettings] = useState<AppPatch>(demo ? { access: 'anyone', warm: 1 } : {});
  const [faults, setFaults] = useState<readonly DraftFault[]>([]);
  const act = useAct();
  const address = slug === '' ? slugOf(name) : slug;

  const create = () => {
    const result = toRecipe(draft);
    setFaults('faults' in result ? result.faults : []);
    if (!('recipe' in result) || !project) return;
    act.mutate(async () => {
      const app = await transport().call('POST', paths.apps, App, {
        json: { ...settings, projectId: project.id, slug: address, name, recipe: result.recipe },
      });
      goTo(`/streams/apps/${app.slug}`);
    });
  };

  if (allowed.length === 0) {
    return (
      <Page title={say('apps.new')}>
        <EmptyState title={say('apps.new')}>{say('new.needsProject')}</EmptyState>
      </Page>
    );
  }
  return (
    <Page title={say('apps.new')}>
      <div className={formClasses.row}>
        <TextInput
          label={sayApp('name')}
          value={name}
          data-autofocus
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label={say('new.slug')}
          placeholder={slugOf(name)}
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
        {allowed.length > 1 && (
          <Select
            label={say('new.project')}
            allowDeselect={false}
            data={allowed.map((one) => ({ value: one.id, label: one.name }))}
            value={project?.id ?? null}
            onChange={(value) => setProjectId(value ?? undefined)}
          />
        )}
      </div>
      {address !== '' && <p className="dim">{say('new.slug.text', { address: playerAddress(address) })}</p>}
      <ImportPixelman
        onImported={({ recipe, settings: taken }) => {
          if (recipe) setDraft(toDraft(recipe));
          setSettings((before) => ({ ...before, ...taken }));
          if (taken.name !== undefined && name === '') setName(taken.name);
        }}
      />
      <Section title={sayApp('version.title', { version: 1 })}>
        <RecipeForm
          draft={draft}
          faults={faults}
          onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
        />
      </Section>
      {faults.length > 0 && (
        <p role="alert" style={{ color: 'var(--state-failed-text)' }}>
          {sayApp('faults', { count: faults.length })}
        </p>
      )}
      {act.error && <ProblemNotice error={act.error} />}
      <div>
        <Button
          size="sm"
          loading={act.isPending}
          disabled={name.trim() === '' || address === ''}
          onClick={create}
        >
          {say('new.create')}
        </Button>
      </div>
    </Page>
  );
}
