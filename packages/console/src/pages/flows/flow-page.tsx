import type { FlowDetail } from '@backlot/contract/flow/api';
import { Button, Switch, TextInput } from '@mantine/core';
import { IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { invalidateSubjects, subjectsOf } from '../../api/subjects.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { TabLinks } from '../../parts/tab-links.tsx';
import { useParam, useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { FlowEditor } from './editor/flow-editor.tsx';
import { useFlowEditor } from './editor/use-flow-editor.ts';
import { catalogueQuery, flowActions, flowPath, flowQuery } from './flow-api.ts';
import classes from './flow-page.module.css';
import { PickingProject } from './forms/pickers.tsx';
import { RunPanel } from './run/run-panel.tsx';
import { RunsTable } from './run/runs-table.tsx';
import { flowTexts } from './texts.ts';
import { Versions } from './versions/versions.tsx';

/** One flow: its editor, its runs, its versions. */
export default function FlowPage() {
  const id = useParam('id');
  const flow = useQuery(flowQuery(id));
  const say = useTexts(flowTexts);
  if (flow.data) {
    // Another version is another beginning of the editor: its history ends with it.
    return <Loaded key={flow.data.versionId} flow={flow.data} />;
  }
  return (
    <Page title={say('title')}>
      <QueryView query={flow} rows={8}>
        {() => null}
      </QueryView>
    </Page>
  );
}

function Loaded({ flow }: { readonly flow: FlowDetail }) {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  const goTo = useGoTo();
  const client = useQueryClient();
  const { can } = useSession();
  const [part = 'editor'] = useSearch('part');
  const [running, setRunning] = useSearch('run');
  const [note, setNote] = useState('');
  const catalogue = useQuery(catalogueQuery());
  const editor = useFlowEditor(flow.text);
  const mayWrite = can('flows.edit', flow.projectId);
  const changed = editor.text !== flow.text;
  const refresh = () => invalidateSubjects(client, new Set(subjectsOf('flow', flow.id)));
  const save = useMutation({
    mutationFn: () => flowActions.save(flow.id, { text: editor.text, base: flow.version, note }),
    onSuccess: (saved) => {
      client.setQueryData(flowQuery(flow.id).queryKey, saved);
      void refresh();
    },
  });
  const enable = useMutation({
    mutationFn: (enabled: boolean) => flowActions.enable(flow.id, enabled),
    onSuccess: refresh,
  });
  useLeaveWarning(changed);
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
            {say('version', { number: flow.version })} · {say(changed ? 'save.unsaved' : 'save.saved')}
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
              save.mutate();
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
            <Button type="submit" loading={save.isPending} disabled={editor.read.faults.length > 0}>
              {say('save')}
            </Button>
            <ConfirmInline
              variant="subtle"
              label={say('save.discard')}
              question={say('save.discard.ask', { number: flow.version })}
              confirm={say('save.discard')}
              onConfirm={async () => editor.reset(flow.text)}
            />
          </form>
        )
      }
    >
      <ProblemNotice error={save.error ?? enable.error} />
      <PickingProject value={flow.projectId}>
        {part === 'editor' && (
          <QueryView query={catalogue}>
            {(kinds) => (
              <FlowEditor
                editor={editor}
                catalogue={kinds}
                readOnly={!mayWrite}
                onSave={() => changed && editor.read.faults.length === 0 && save.mutate()}
              />
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

/** Asks before the tab is closed while something would be lost. */
export function useLeaveWarning(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const onLeave = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [active]);
}
