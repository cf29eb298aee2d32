import type { FlowRunDetail } from '@backlot/contract/flow/api';
import { openFlowRunStates } from '@backlot/contract/flow/api';
import { Button, Menu } from '@mantine/core';
import { IconPlugConnectedX, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ReactFlowProvider } from '@xyflow/react';
import { useCallback, useMemo } from 'react';
import { nodeQuery } from '../../../api/queries.ts';
import { invalidateSubjects, subjectsOf } from '../../../api/subjects.ts';
import { useFormat } from '../../../format/index.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { AsMenu } from '../../../parts/as-menu.tsx';
import { ConfirmInline } from '../../../parts/confirm-inline.tsx';
import { Link, useGoTo } from '../../../parts/link.tsx';
import { Page } from '../../../parts/page.tsx';
import { ProblemNotice } from '../../../parts/problem-notice.tsx';
import { QueryView } from '../../../parts/query-view.tsx';
import { FailureNotice, useReason } from '../../../parts/reason.tsx';
import { StateBadge } from '../../../parts/state-badge.tsx';
import { Ago, Duration } from '../../../parts/time.tsx';
import { useNow } from '../../../parts/use-now.ts';
import { useParam, useSearch } from '../../../parts/use-search.ts';
import { useSession } from '../../../session/session.tsx';
import { FlowCanvas } from '../canvas/flow-canvas.tsx';
import { type CatalogueView, emptyCatalogue } from '../editor/catalogue.ts';
import { TRIGGER } from '../editor/edits.ts';
import { graphOf } from '../editor/graph.ts';
import { catalogueQuery, flowActions, runPath, runQuery, runSubjects } from '../flow-api.ts';
import classes from './run-page.module.css';
import { type StepView, stepTone, takenWires, viewSteps } from './run-view.ts';
import { titleOf } from './runs-table.tsx';
import { StepList } from './step-list.tsx';
import { StepPanel, TriggerPanel } from './step-panel.tsx';
import { runTexts } from './texts.ts';

/** One run: the flow as it was, coloured by what has happened, and each step beside it when it is chosen. */
export default function RunPage() {
  const id = useParam('id');
  const say = useTexts(runTexts);
  const client = useQueryClient();
  const known = client.getQueryData(runQuery(id).queryKey);
  const run = useQuery({ ...runQuery(id), meta: { subjects: runSubjects(id, known?.jobId) } });
  const catalogue = useQuery(catalogueQuery());
  if (run.data) {
    // Another run is another page: what its buttons have asked for and been answered ends with it.
    return (
      <Loaded
        key={run.data.id}
        run={run.data}
        catalogue={catalogue.data ?? emptyCatalogue}
        error={run.error}
      />
    );
  }
  return (
    <Page title={say('title')} actions={<AsMenu apiPath={runPath(id)} />}>
      <QueryView query={run} rows={8}>
        {() => null}
      </QueryView>
    </Page>
  );
}

interface LoadedProps {
  readonly run: FlowRunDetail;
  readonly catalogue: CatalogueView;
  readonly error: Error | null;
}

function Loaded({ run, catalogue, error }: LoadedProps) {
  const say = useTexts(runTexts);
  const sentence = useReason();
  const { language } = useLanguage();
  const [chosen, choose] = useSearch('step');
  const graph = useMemo(
    () => graphOf(run.definition, catalogue.steps, catalogue.triggers),
    [run.definition, catalogue],
  );
  const views = useMemo(() => viewSteps(run.steps), [run.steps]);
  const taken = useMemo(
    () =>
      takenWires(
        graph.edges.map(({ id, wire }) => ({
          id,
          from: wire.from,
          to: wire.to,
          branch: wire.kind === 'after' ? wire.branch : undefined,
        })),
        views,
      ),
    [graph, views],
  );
  const faceOf = useCallback(
    (id: string) => {
      const node = graph.nodes.find((one) => one.id === id);
      const kind = node && (node.isTrigger ? catalogue.triggers : catalogue.steps).get(node.kind);
      const view = views.get(id);
      return {
        title: node?.name ?? kind?.title[language] ?? node?.kind ?? id,
        subtitle: node?.isTrigger ? (titleOf(run.trigger.data) ?? say('trigger')) : <StepLine view={view} />,
        icon: kind?.icon,
        tone: node?.isTrigger ? undefined : stepTone(view?.state ?? 'pending'),
        fraction: view?.fraction,
        problems: [],
      };
    },
    [graph, catalogue, views, language, run.trigger.data, say],
  );
  const step = run.definition.steps.find(({ id }) => id === chosen);
  const about = titleOf(run.trigger.data);
  const title = about === undefined ? run.name : `${run.name} · ${about}`;
  return (
    <Page
      title={title}
      fill
      aside={
        <div className={classes.about}>
          <StateBadge state={run.state} />
          <Link to={`/flows/${run.flowId}?part=versions&version=${run.version}`}>
            {say('of', { number: run.version })}
          </Link>
          <Duration from={run.startedAt} to={run.endedAt} />
          <span className="dim">
            <Ago at={run.startedAt} /> · {run.startedBy.name}
          </span>
          {run.aloneOn !== null && <Alone nodeId={run.aloneOn} />}
          {run.retryOf !== null && <Link to={`/flows/runs/${run.retryOf}`}>{say('retry.of')}</Link>}
        </div>
      }
      actions={
        <>
          <RunActions run={run} />
          <AsMenu apiPath={runPath(run.id)} />
        </>
      }
    >
      <ProblemNotice error={error} />
      {run.note && <p className="dim">{sentence(run.note)}</p>}
      {run.failure && <FailureNotice failure={run.failure} />}
      <div className={classes.body}>
        <div className={classes.graph}>
          <ReactFlowProvider>
            <FlowCanvas
              label={say('graph')}
              graph={graph}
              faceOf={faceOf}
              selected={chosen}
              onSelect={choose}
              onOpen={choose}
              taken={taken}
            />
          </ReactFlowProvider>
        </div>
        <StepList graph={graph} faceOf={faceOf} views={views} selected={chosen} onOpen={choose} />
      </div>
      {chosen === TRIGGER && <TriggerPanel run={run} onClose={() => choose(undefined)} />}
      {step && (
        <StepPanel
          key={step.id}
          run={run}
          step={step}
          view={views.get(step.id)}
          kind={catalogue.steps.get(step.kind)}
          onClose={() => choose(undefined)}
        />
      )}
    </Page>
  );
}

/** What a node says below its name: its state, and how long. */
function StepLine({ view }: { readonly view: StepView | undefined }) {
  const say = useTexts(runTexts);
  const format = useFormat();
  if (!view || view.state === 'pending') return <>{say('step.pending')}</>;
  if (view.state === 'skipped') return <>{say('step.skipped')}</>;
  const many = view.records.length > 1;
  const took =
    view.startedAt === null ? null : view.endedAt === null ? (
      <Ticking since={Date.parse(view.startedAt)} />
    ) : (
      format.duration(Date.parse(view.endedAt) - Date.parse(view.startedAt))
    );
  return (
    <>
      <StateBadge state={view.state} tone={stepTone(view.state)} /> {took}
      {many && ` · ${say('step.many', { done: view.done, all: view.records.length })}`}
      {!many && view.fraction != null && ` · ${format.percent(view.fraction)}`}
    </>
  );
}

function Ticking({ since }: { readonly since: number }) {
  const now = useNow();
  const format = useFormat();
  return <>{format.duration(Math.max(0, Math.floor((now - since) / 1_000) * 1_000))}</>;
}

function Alone({ nodeId }: { readonly nodeId: string }) {
  const say = useTexts(runTexts);
  const { can } = useSession();
  const node = useQuery({ ...nodeQuery(nodeId), enabled: can('nodes.read'), retry: false });
  return (
    <Link to={`/nodes/${nodeId}`} title={say('alone.why')} className={classes.alone}>
      <IconPlugConnectedX size={14} aria-hidden="true" />
      {say('alone', { node: node.data?.name ?? nodeId.slice(-8) })}
    </Link>
  );
}

function RunActions({ run }: { readonly run: FlowRunDetail }) {
  const say = useTexts(runTexts);
  const client = useQueryClient();
  const goTo = useGoTo();
  const { can } = useSession();
  const refresh = () => invalidateSubjects(client, new Set([...subjectsOf('flow-run', run.id), 'flow']));
  const retry = useMutation({
    mutationFn: (newest: boolean) => flowActions.retry(run.id, { newest }),
    onSuccess: (next) => {
      void refresh();
      goTo(`/flows/runs/${next.id}`);
    },
  });
  if (!can('flows.run', run.projectId)) return null;
  const open = openFlowRunStates.includes(run.state);
  // Also once it is done: the page goes on to the new run, and a second press would begin a third.
  const busy = retry.isPending || retry.isSuccess;
  return (
    <>
      {open && (
        <ConfirmInline
          danger
          label={say('cancel')}
          question={say('cancel.ask')}
          confirm={say('cancel')}
          onConfirm={async () => {
            await flowActions.cancel(run.id);
            await refresh();
          }}
        />
      )}
      {(run.state === 'failed' || run.state === 'canceled') && (
        <Button.Group>
          <Button
            leftSection={<IconRefresh size={14} aria-hidden="true" />}
            loading={busy}
            onClick={() => retry.mutate(false)}
          >
            {say('retry')}
          </Button>
          <Menu>
            <Menu.Target>
              <Button aria-label={say('retry.newest')} px={8} disabled={busy}>
                ▾
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={busy} onClick={() => retry.mutate(true)}>
                {say('retry.newest')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Button.Group>
      )}
      <ProblemNotice error={retry.error} inline />
    </>
  );
}
