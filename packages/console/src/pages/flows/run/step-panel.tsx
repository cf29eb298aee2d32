import type { FlowRunDetail, FlowRunStep } from '@backlot/contract/flow/api';
import { openFlowRunStates } from '@backlot/contract/flow/api';
import type { FlowStep } from '@backlot/contract/flow/definition';
import type { PortValues } from '@backlot/contract/flow/value';
import { Select } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { taskQuery } from '../../../api/queries.ts';
import { invalidateSubjects } from '../../../api/subjects.ts';
import { useFormat } from '../../../format/index.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { Attempts } from '../../../jobs/attempts.tsx';
import { useTaskProgress } from '../../../jobs/use-task-progress.ts';
import { ConfirmInline } from '../../../parts/confirm-inline.tsx';
import { JsonView } from '../../../parts/json-view.tsx';
import { Link, useGoTo } from '../../../parts/link.tsx';
import { LogView } from '../../../parts/log-view.tsx';
import { Facts } from '../../../parts/page.tsx';
import { Progress } from '../../../parts/progress.tsx';
import { QueryView } from '../../../parts/query-view.tsx';
import { FailureNotice, WaitReason } from '../../../parts/reason.tsx';
import { SidePanel } from '../../../parts/side-panel.tsx';
import { StateBadge } from '../../../parts/state-badge.tsx';
import { Duration, Until } from '../../../parts/time.tsx';
import { useSession } from '../../../session/session.tsx';
import type { KindView } from '../editor/catalogue.ts';
import { flowActions } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import classes from './run-page.module.css';
import { type StepView, stepTone } from './run-view.ts';
import { runTexts } from './texts.ts';

interface StepPanelProps {
  readonly run: FlowRunDetail;
  readonly step: FlowStep;
  readonly view: StepView | undefined;
  readonly kind: KindView | undefined;
  readonly onClose: () => void;
}

/** One step of a run: how it went, what it took and gave, the log of its task, and doing it again. */
export function StepPanel({ run, step, view, kind, onClose }: StepPanelProps) {
  const say = useTexts(runTexts);
  const { language } = useLanguage();
  const goTo = useGoTo();
  const client = useQueryClient();
  const { can } = useSession();
  const records = view?.records ?? [];
  const [key, setKey] = useState<string | null>(null);
  // In a for-each: what failed or still runs is what one looks for.
  const record =
    records.find((one) => one.key === key) ?? records.find((one) => one.state === view?.state) ?? records[0];
  const title = step.name ?? kind?.title[language] ?? step.kind;
  const mayRetry =
    can('flows.run', run.projectId) &&
    !openFlowRunStates.includes(run.state) &&
    record !== undefined &&
    record.state !== 'pending';
  return (
    <SidePanel title={title} onClose={onClose}>
      <div className={classes.panel}>
        {records.length > 1 && (
          <Select
            label={say('step.items')}
            allowDeselect={false}
            data={records.map((one) => ({ value: one.key, label: one.key }))}
            value={record?.key ?? null}
            onChange={setKey}
          />
        )}
        {record ? <Record record={record} /> : <p className="dim">{say('step.pending')}</p>}
        {mayRetry && (
          <ConfirmInline
            label={say('retry.here')}
            question={say('retry.here.ask', { name: title })}
            confirm={say('retry.here')}
            onConfirm={async () => {
              const next = await flowActions.retry(run.id, { from: step.id });
              await invalidateSubjects(client, new Set(['flow-run', 'flow']));
              goTo(`/flows/runs/${next.id}`);
            }}
          />
        )}
        {record?.task && <Task id={record.task.id} />}
      </div>
    </SidePanel>
  );
}

function Record({ record }: { readonly record: FlowRunStep }) {
  const say = useTexts(runTexts);
  const flow = useTexts(flowTexts);
  const { task } = record;
  const branch = record.branch;
  const branchWord =
    branch === 'ok' || branch === 'error' || branch === 'true' || branch === 'false'
      ? flow(`branch.${branch}`)
      : branch;
  return (
    <>
      <div>
        <StateBadge
          state={record.state}
          tone={stepTone(record.state)}
          {...(record.state === 'pending' || record.state === 'skipped'
            ? { label: say(`step.${record.state}`) }
            : {})}
        />
      </div>
      {record.failure && <FailureNotice failure={record.failure} />}
      {record.state === 'running' && task && <WaitReason reason={task.wait} />}
      <Facts
        items={[
          [say('step.took'), <Duration key="took" from={record.startedAt} to={record.endedAt} />],
          ...(branchWord !== null ? [[say('step.branch'), branchWord] as const] : []),
          ...(record.dueAt !== null && record.state === 'waiting'
            ? [[say('step.due'), <Until key="due" at={record.dueAt} />] as const]
            : []),
          ...(task?.nodeId
            ? [
                [
                  say('step.node'),
                  <Link key="node" to={`/nodes/${task.nodeId}`}>
                    {task.nodeName ?? task.nodeId.slice(-8)}
                  </Link>,
                ] as const,
              ]
            : []),
          ...(task ? [[say('step.attempt'), String(task.attempt)] as const] : []),
        ]}
      />
      {record.reusedFrom !== null && (
        <p className="dim">
          <Link to={`/flows/runs/${record.reusedFrom}`}>{say('step.reused')}</Link>
        </p>
      )}
      <Values title={say('step.takes')} values={record.inputs} />
      <Values title={say('step.gives')} values={record.outputs} />
    </>
  );
}

/** What the run began with. */
export function TriggerPanel({
  run,
  onClose,
}: {
  readonly run: FlowRunDetail;
  readonly onClose: () => void;
}) {
  const say = useTexts(runTexts);
  return (
    <SidePanel title={say('trigger')} onClose={onClose}>
      <div className={classes.panel}>
        <Values title={say('trigger.gives')} values={run.ports} />
        <section>
          <h3>{say('trigger.data')}</h3>
          <JsonView value={run.trigger.data} />
        </section>
      </div>
    </SidePanel>
  );
}

const shownFiles = 20;

function Values({ title, values }: { readonly title: string; readonly values: PortValues }) {
  const say = useTexts(runTexts);
  const format = useFormat();
  const ports = Object.entries(values);
  if (ports.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      {ports.map(([port, value]) => {
        if (value.type === 'data') {
          return (
            <details key={port}>
              <summary>{port}</summary>
              <JsonView value={value.data} />
            </details>
          );
        }
        const files = value.type === 'file' ? [value.file] : value.files;
        return (
          <ul key={port} className={classes.files} aria-label={port}>
            {files.slice(0, shownFiles).map((file) => (
              <li key={`${file.digest} ${file.name}`}>
                {file.artifactId === undefined ? (
                  <span className={classes.name}>{file.name}</span>
                ) : (
                  <a href={`/api/v1/artifacts/${file.artifactId}/content?download=1`} download={file.name}>
                    {file.name}
                  </a>
                )}
                <span className="dim">{format.bytes(file.size)}</span>
              </li>
            ))}
            {files.length > shownFiles && (
              <li className="dim">{say('step.more', { count: files.length - shownFiles })}</li>
            )}
          </ul>
        );
      })}
    </section>
  );
}

/** The task that does a step: its attempts and its log. */
function Task({ id }: { readonly id: string }) {
  const say = useTexts(runTexts);
  const task = useQuery(taskQuery(id));
  return (
    <QueryView query={task}>
      {(data) => (
        <>
          {data.state === 'running' && <TaskBar task={data} />}
          <section>
            <h3>
              <Link to={`/tasks/${id}`}>{say('step.task')}</Link>
            </h3>
            <Attempts allocations={data.allocations} />
          </section>
          {data.allocation && (
            <section>
              <h3>{say('step.log')}</h3>
              <LogView allocationId={data.allocation.id} height={220} />
            </section>
          )}
        </>
      )}
    </QueryView>
  );
}

function TaskBar({
  task,
}: {
  readonly task: Parameters<typeof useTaskProgress>[0] & { readonly key: string };
}) {
  const progress = useTaskProgress(task);
  return (
    <div>
      <Progress fraction={progress?.fraction ?? null} label={task.key} withText />
      {progress?.message && <p className="dim">{progress.message}</p>}
    </div>
  );
}
