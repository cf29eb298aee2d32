import type { NodeView } from '@backlot/contract/api/nodes';
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { nodeQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { Bytes } from '../../parts/bytes.tsx';
import { Link } from '../../parts/link.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Progress } from '../../parts/progress.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago, Duration } from '../../parts/time.tsx';
import { useParam, useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { jobPath, useWorkloads } from '../../workloads/use-workloads.ts';
import { Capabilities } from './capabilities.tsx';
import { NodeActions } from './node-actions.tsx';
import { NodeCurves } from './node-curves.tsx';
import classes from './node-page.module.css';
import { NodeTimeline } from './node-timeline.tsx';
import { NodeState } from './nodes-page.tsx';
import { nodeTexts } from './texts.ts';

const ranges = { hour: 60, sixHours: 360, day: 1440 } as const;
type Range = keyof typeof ranges;

/** One machine: its load, who had it when, what it has proved it can do. */
export default function NodePage() {
  const id = useParam('id');
  const say = useTexts(nodeTexts);
  const { can } = useSession();
  const node = useQuery(nodeQuery(id));
  const [search, setSearch] = useSearch('range');
  const range: Range = search === 'day' || search === 'sixHours' ? search : 'hour';
  const minutes = ranges[range];
  const rangeControl = (
    <SegmentedControl
      aria-label={say('load.range')}
      value={range}
      onChange={(value) => setSearch(value === 'hour' ? undefined : value)}
      data={(['hour', 'sixHours', 'day'] as const).map((value) => ({ value, label: say(`load.${value}`) }))}
    />
  );
  return (
    <Page
      title={node.data?.name ?? say('title')}
      aside={node.data && <NodeState node={node.data} />}
      actions={
        <>
          {node.data && can('nodes.operate') && <NodeActions node={node.data} />}
          <AsMenu apiPath={`/api/v1/nodes/${id}`} />
        </>
      }
    >
      <QueryView query={node} rows={8}>
        {(data) => (
          <>
            <NodeFacts node={data} />
            <Section title={say('load')} actions={rangeControl}>
              <NodeCurves node={data} minutes={minutes} />
            </Section>
            <Section title={say('timeline')}>
              <NodeTimeline nodeId={data.id} minutes={minutes} />
            </Section>
            <Section title={say('now')}>
              <RunsNow node={data} />
            </Section>
            <Section title={say('capabilities')}>
              <Capabilities capabilities={data.capabilities} />
            </Section>
          </>
        )}
      </QueryView>
    </Page>
  );
}

function NodeFacts({ node }: { readonly node: NodeView }) {
  const say = useTexts(nodeTexts);
  const word = useGlossary();
  const format = useFormat();
  const gpus = node.capacity?.gpus ?? [];
  const labels = Object.entries(node.labels);
  return (
    <Facts
      items={[
        [say('seen'), <Ago key="seen" at={node.lastSeenAt} />],
        [say('pool'), node.pool],
        [
          say('processor'),
          `${node.capacity ? `${format.number(node.capacity.cpu, 1)} × ` : ''}${node.cpuModel ?? '–'}`,
        ],
        [word('load.memory'), <Bytes key="memory" value={node.capacity?.memory} />],
        ...gpus.map(
          (gpu) =>
            [say('load.gpuN', { index: gpu.index }), `${gpu.name}, ${format.bytes(gpu.vram)}`] as const,
        ),
        [say('system'), node.os ?? '–'],
        [say('host'), node.hostname ?? '–'],
        [say('agent'), node.agentVersion ?? '–'],
        [say('epoch'), format.number(node.epoch)],
        ...(labels.length > 0
          ? [[word('word.labels'), labels.map(([key, value]) => `${key}=${value}`).join(', ')] as const]
          : []),
        [say('joined'), <Ago key="joined" at={node.createdAt} />],
      ]}
    />
  );
}

function RunsNow({ node }: { readonly node: NodeView }) {
  const say = useTexts(nodeTexts);
  const workloads = useWorkloads();
  const format = useFormat();
  if (node.allocations.length === 0) return <p className="dim">{say('now.none')}</p>;
  return (
    <ul className={classes.list}>
      {node.allocations.map((allocation) => (
        <li key={allocation.id} className={classes.row}>
          <StateBadge state={allocation.state} />
          <span className={classes.what}>
            <Link
              to={
                allocation.jobId
                  ? jobPath(workloads, { id: allocation.jobId, kind: allocation.kind })
                  : `/tasks/${allocation.taskId}`
              }
            >
              {allocation.jobName ?? allocation.kind}
            </Link>{' '}
            <Link to={`/tasks/${allocation.taskId}`} className="dim">
              {allocation.kind}
            </Link>
          </span>
          <span className={classes.resources}>
            {format.number(allocation.resources.cpu, 1)} × CPU · {format.bytes(allocation.resources.memory)}
          </span>
          <span className={classes.progress}>
            <Progress fraction={allocation.progress} label={allocation.kind} withText />
          </span>
          <Duration from={allocation.startedAt} />
        </li>
      ))}
    </ul>
  );
}
