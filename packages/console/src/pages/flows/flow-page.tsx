import type { FlowDetail } from '@backlot/contract/flow/api';
import { ApiError } from '@backlot/sdk/errors';
import { Button, Switch, TextInput } from '@mantine/core';
import { IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { invalidateSubjects, subjectsOf } from '../../api/subjects.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { LeaveGuard } from '../../parts/leave-guard.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { TabLinks } from '../../parts/tab-links.tsx';
import { useParam, useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { FlowEditor } from './editor/flow-editor.tsx';
import { SavedMeanwhile } from './editor/saved-meanwhile.tsx';
import { useFlowDraft } from './editor/use-flow-draft.ts';
import { catalogueQuery, flowActions, flowPath, flowQuery } from './flow-api.ts';
import classes from './flow-page.module.css';
import { PickingProject } from './forms/list-picker.tsx';
import { RunsTable } from './run/runs-table.tsx';
import { RunPanel } from './run/start/run-panel.tsx';
import { flowTexts } from './texts.ts';
import { Versions } from './versions/versions.tsx';

/** One flow: its editor, its runs, its versions. */
export default function FlowPage() {
  const id = useParam('id');
  const flow = useQuery(flowQuery(id));
  const say = useTexts(flowTexts);
  if (flow.data) {
    return <Loaded key={flow.data.id} flow={flow.data} error={flow.error} />;
  }
  return (
    <Page title={say('title')}>
      <QueryView query={flow} rows={8}>
        {() => null}
      </QueryView>
    </Page>
  );
}

interface LoadedProps {
  readonly flow: FlowDetail;
  /** Why the flow could not be read again; what is shown is from before. */
  readonly error: Error | null;
}

function Loaded({ flow, error }: LoadedProps) {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  const goTo = useGoTo();
  const client = useQueryClient();
  const { can } = useSession();
  const [part = 'editor'] = useSearch('part');
  const [running, setRunning] = useSearch('run');
  const [note, setNote] = useState('');
  const catalogue = useQuery(catalogueQuery());
  const draft = useFlowDraft(flow);
  const { editor, base, changed } = draft;
  const mayWrite = can('flows.edit', flow.projectId);
  const refresh = () => invalidateSubjects(client, new Set(subjectsOf('flow', flow.id)));
  const save = useMutation({
    mutationFn: (onto: number) => flowActions.save(flow.id, { text: editor.text, base: onto, note }),
    onSuccess: (saved) => {
      draft.saved(saved);
      setNote('');
      client.setQueryData(flowQuery(flow.id).queryKey, saved);
      void refresh();
    },
    // Refused because somebody was faster: then the page shows what they have saved.
    onError: refresh,
  });
  // While one’s own saving is on its way, the newer version may be just that.
  const collides = draft.collides && !save.isPending;
  const maySave = changed && !collides && !save.isPending && editor.read.faults.length === 0;
  const trySave = () => maySave && save.mutate(base.version);
  const enable = useMutation({
    mutationFn: (enabled: boolean) => flowActions.enable(flow.id, enabled),
    onSuccess: refresh,
  });
  const path = `/flows/${flow.id}`;
  return (
    <Page
      title={flow.name}
      fill={part !== 'versions'}
      aside={
        <>
          <TabLinks
            label={say('parts')}
            tabs={[
              { to: path, label: say('part.editor'), active: part === 'editor' },
              { to: `${path}?part=runs`, label: say('part.runs'), active: part === 'runs' },
              { to: `${path}?part=versions`, label: say('part.versions'), active: part === 'versions' },
            ]}
          />
          <span className={classes.version}>
            {say('version', { number: base.version })} · {say(changed ? 'save.unsaved' : 'save.saved')}
          </span>
        </>
      }
      actions={
        <>
          {mayWrite && (
            <Switch
              label={say('enabled')}
              title={say('enabled.hint')}
              checked={flow.enabled}
              disabled={enable.isPending}
              onChange={(event) => enable.mutate(event.currentTarget.checked)}
            />
          )}
          {can('flows.run', flow.projectId) && (
            <Button
              variant="default"
              leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
              disabled={changed}
              title={changed ? say('run.unsaved') : undefined}
              onClick={() => setRunning('1')}
            >
              {say('run')}
            </Button>
          )}
          {mayWrite && !changed && (
            <ConfirmInline
              danger
              variant="subtle"
              icon={<IconTrash size={14} aria-hidden="true" />}
              label={word('do.delete')}
              question={say('delete.ask', { name: flow.name })}
              confirm={word('do.delete')}
              onConfirm={async () => {
                await flowActions.remove(flow.id);
                await refresh();
                goTo('/flows');
              }}
            />
          )}
          <AsMenu apiPath={flowPath(flow.id)} />
        </>
      }
      toolbar={
        part === 'editor' &&
        mayWrite &&
        changed && (
          <form
            className={classes.save}
            onSubmit={(event) => {
              event.preventDefault();
              trySave();
            }}
          >
            <TextInput
              className={classes.note ?? ''}
              aria-label={say('save.note')}
              placeholder={say('save.note')}
              maxLength={500}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
            {collides ? (
              <ConfirmInline
                label={say('meanwhile.save', { number: flow.version })}
                question={say('meanwhile.save.ask', { number: flow.version })}
                confirm={say('meanwhile.save.do')}
                disabled={editor.read.faults.length > 0}
                // What goes wrong stands above the editor, as for every other saving.
                onConfirm={() => save.mutateAsync(flow.version).catch(() => {})}
              />
            ) : (
              <>
                <Button type="submit" loading={save.isPending} disabled={editor.read.faults.length > 0}>
                  {say('save')}
                </Button>
                <ConfirmInline
                  variant="subtle"
                  label={say('save.discard')}
                  question={say('save.discard.ask', { number: base.version })}
                  confirm={say('save.discard')}
                  onConfirm={async () => draft.discard()}
                />
              </>
            )}
          </form>
        )
      }
    >
      <LeaveGuard active={changed} question={say('leave.ask')} />
      <ProblemNotice
        error={(collides && isChanged(save.error) ? null : save.error) ?? enable.error ?? error}
      />
      {collides && <SavedMeanwhile flow={flow} base={base.version} onTake={draft.discard} />}
      <PickingProject value={flow.projectId}>
        {part === 'editor' && (
          <QueryView query={catalogue}>
            {(kinds) => (
              <FlowEditor editor={editor} catalogue={kinds} readOnly={!mayWrite} onSave={trySave} />
            )}
          </QueryView>
        )}
      </PickingProject>
      {part === 'runs' && <RunsTable query={{ flowId: flow.id }} withName={false} />}
      {part === 'versions' && <Versions flow={flow} mayWrite={mayWrite} />}
      {running !== undefined && catalogue.data && (
        <RunPanel
          flow={flow}
          trigger={catalogue.data.triggers.get(flow.trigger)}
          onClose={() => setRunning(undefined)}
          onStarted={(run) => goTo(`/flows/runs/${run.id}`)}
        />
      )}
      {flow.hook !== null && part === 'editor' && mayWrite && (
        <p className={classes.hook}>
          <span className="dim">POST</span> <code>{new URL(flow.hook, location.origin).href}</code>
        </p>
      )}
    </Page>
  );
}

/** Refused because somebody has saved meanwhile. */
const isChanged = (error: unknown) => error instanceof ApiError && error.problem.code === 'flow_changed';
