import {
  ConfirmInline,
  ProblemNotice,
  SidePanel,
  transport,
  useReason,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { type App, AppVersion } from '../../contract/api.ts';
import { TicketAnswer } from '../../contract/tickets.ts';
import { paths } from '../queries.ts';
import { type DraftFault, firstDraft, toDraft, toRecipe } from '../recipe/draft.ts';
import { RecipeForm } from '../recipe/recipe-form.tsx';
import { useAct } from '../shared/use-act.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

interface VersionPanelProps {
  readonly app: App;
  /** The version that is shown; a used one can only be read. */
  readonly version: AppVersion | undefined;
  /** The one that a new version begins as. */
  readonly from: AppVersion | undefined;
  readonly onOpen: (key: string) => void;
  readonly onClose: () => void;
}

/** One version: looked at, tried, changed while nobody has used it, or made anew from another. */
export function VersionPanel({ app, version, from, onOpen, onClose }: VersionPanelProps) {
  const say = useTexts(appTexts);
  const sentence = useReason();
  const { can } = useSession();
  const base = version ?? from;
  const [draft, setDraft] = useState(() => (base ? toDraft(base.recipe) : firstDraft()));
  const [note, setNote] = useState(version?.note ?? '');
  const [activate, setActivate] = useState(version === undefined && app.activeVersion === null);
  const [faults, setFaults] = useState<readonly DraftFault[]>([]);
  const act = useAct();
  const mayWrite = can('streams.apps.write', app.projectId);
  const readOnly = version?.used === true || !mayWrite;

  const save = () => {
    const result = toRecipe(draft);
    setFaults('faults' in result ? result.faults : []);
    if (!('recipe' in result)) return;
    const json = { recipe: result.recipe, note, ...(version ? {} : { activate }) };
    act.mutate(async () => {
      const saved = version
        ? await transport().call('PUT', paths.version(app.id, version.version), AppVersion, { json })
        : await transport().call('POST', paths.appDo(app.id, 'versions'), AppVersion, { json });
      onOpen(String(saved.version));
    });
  };

  return (
    <SidePanel
      title={version ? say('version.title', { version: version.version }) : say('version.new')}
      onClose={onClose}
    >
      {version?.health.lastFailure && version.health.failures > 0 && (
        <p style={{ color: 'var(--state-failed-text)' }}>{sentence(version.health.lastFailure)}</p>
      )}
      {version && (
        <div className={classes.buttons}>
          {can('streams.open', app.projectId) && <Trial app={app} version={version.version} />}
          {mayWrite && (
            <Button variant="default" onClick={() => onOpen(`from-${version.version}`)}>
              {say('version.newFrom')}
            </Button>
          )}
        </div>
      )}
      {version?.used && <p className="dim">{say('version.used')}</p>}
      <TextInput
        label={say('version.note')}
        readOnly={readOnly}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <RecipeForm
        draft={draft}
        faults={faults}
        readOnly={readOnly}
        onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
      />
      {!version && (
        <Checkbox
          label={say('version.activate')}
          checked={activate}
          onChange={(event) => setActivate(event.currentTarget.checked)}
        />
      )}
      {faults.length > 0 && (
        <p role="alert" style={{ color: 'var(--state-failed-text)' }}>
          {say('faults', { count: faults.length })}
        </p>
      )}
      {act.error && <ProblemNotice error={act.error} />}
      <div className={classes.buttons}>
        {!readOnly && (
          <Button loading={act.isPending} onClick={save}>
            {say(version ? 'version.save' : 'version.create')}
          </Button>
        )}
        {version && !version.used && !version.active && mayWrite && (
          <ConfirmInline
            danger
            label={say('version.delete')}
            question={say('version.delete.question', { version: version.version })}
            confirm={say('version.delete')}
            onConfirm={() =>
              act
                .mutateAsync(() => transport().run('DELETE', paths.version(app.id, version.version)))
                .then(onClose)
            }
          />
        )}
      </div>
    </SidePanel>
  );
}

/** Starts one instance for whoever clicks, and opens its player beside this page. */
function Trial({ app, version }: { readonly app: App; readonly version: number }) {
  const say = useTexts(appTexts);
  const act = useAct();
  const start = () => {
    // Opened in the click itself: later, browsers take it for an unwanted window.
    const player = window.open('about:blank', '_blank');
    act.mutate(async () => {
      try {
        const { url } = await transport().call('POST', paths.trial(app.id, version), TicketAnswer, {
          json: {},
        });
        if (player) {
          player.opener = null;
          player.location.replace(url);
        } else location.assign(url);
      } catch (error) {
        player?.close();
        throw error;
      }
    });
  };
  return (
    <>
      <Button
        title={say('trial.text')}
        loading={act.isPending}
        leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
        onClick={start}
      >
        {say('trial')}
      </Button>
      {act.error && <ProblemNotice error={act.error} inline />}
    </>
  );
}
