import {
  AsMenu,
  EmptyState,
  Link,
  ListView,
  Meter,
  Page,
  Section,
  StateBadge,
  useFormat,
  useList,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import type { NodeAllocation } from '@backlot/contract/api/nodes';
import { SegmentedControl } from '@mantine/core';
import { IconServer2 } from '@tabler/icons-react';
import type { Instance } from '../../contract/api.ts';
import { fleetQuery, instancesQuery, paths } from '../queries.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { streamTexts } from '../texts.ts';
import { byPlace, type NodeGroup, type Place } from './by-place.ts';
import { InstancePanel } from './instance-panel.tsx';
import { InstanceTable } from './instance-table.tsx';
import classes from './instances-page.module.css';

/** What runs where: instances by node and GPU with live load, beside the renders that gave way to them. */
export default function InstancesPage() {
  const say = useTexts(streamTexts);
  const { project } = useSession();
  const [which, setWhich] = useSearch('which');
  const [open, setOpen] = useSearch('open');
  const past = which === 'past';
  const list = useList(instancesQuery({ projectId: project?.id, open: !past }));
  const nodes = useList(fleetQuery());
  const show = (one: Instance) => setOpen(one.id);
  return (
    <Page
      title={say('title')}
      aside={<ViewTabs active="instances" />}
      actions={<AsMenu apiPath={paths.instances} />}
      toolbar={
        <SegmentedControl
          aria-label={say('instances.which')}
          value={past ? 'past' : 'open'}
          data={[
            { value: 'open', label: say('sessions.open') },
            { value: 'past', label: say('sessions.past') },
          ]}
          onChange={(value) => setWhich(value === 'past' ? 'past' : undefined)}
        />
      }
    >
      <ListView list={list} rows={6}>
        {(instances) => {
          if (instances.length === 0) {
            return (
              <EmptyState
                icon={<IconServer2 size={32} stroke={1.3} />}
                title={say('instances.none')}
                action={<Link to="/streams">{say('view.apps')}</Link>}
              >
                {say('instances.none.text')}
              </EmptyState>
            );
          }
          if (past) {
            return <InstanceTable instances={instances} onEnd={list.more} selected={open} onOpen={show} />;
          }
          const groups = byPlace(nodes.items ?? [], instances);
          const placed = new Set(groups.flatMap((group) => group.places.flatMap((place) => place.instances)));
          const unplaced = instances.filter((one) => !placed.has(one));
          return (
            <>
              {unplaced.length > 0 && (
                <Section title={say('instances.unplaced')} aside={unplaced.length}>
                  <InstanceTable instances={unplaced} onEnd={list.more} selected={open} onOpen={show} />
                </Section>
              )}
              {groups.map((group) => (
                <NodeSection
                  key={group.node.id}
                  group={group}
                  selected={open}
                  onOpen={show}
                  onEnd={list.more}
                />
              ))}
            </>
          );
        }}
      </ListView>
      {open !== undefined && <InstancePanel id={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

interface NodeSectionProps {
  readonly group: NodeGroup;
  readonly selected: string | undefined;
  readonly onOpen: (instance: Instance) => void;
  readonly onEnd: () => void;
}

function NodeSection({ group, selected, onOpen, onEnd }: NodeSectionProps) {
  const say = useTexts(streamTexts);
  const format = useFormat();
  const { node, places } = group;
  const { load } = node;
  return (
    <Section
      title={node.name}
      aside={<StateBadge state={node.schedulable === 'yes' ? node.state : node.schedulable} />}
      actions={<Link to={`/nodes/${node.id}`}>{node.hostname ?? node.name}</Link>}
    >
      {load && (
        <div className={classes.load}>
          <Meter label="CPU" value={load.cpu} text={format.percent(load.cpu)} />
          <Meter
            label={say('instances.memory')}
            value={load.memoryUsed / Math.max(1, load.memoryTotal)}
            text={`${format.bytes(load.memoryUsed)} / ${format.bytes(load.memoryTotal)}`}
          />
        </div>
      )}
      {places.map((place) => (
        <PlaceView
          key={String(place.gpu)}
          group={group}
          place={place}
          selected={selected}
          onOpen={onOpen}
          onEnd={onEnd}
        />
      ))}
    </Section>
  );
}

function PlaceView({ group, place, selected, onOpen, onEnd }: NodeSectionProps & { readonly place: Place }) {
  const say = useTexts(streamTexts);
  const format = useFormat();
  const load = group.node.load?.gpus.find((one) => one.index === place.gpu);
  const capacity = group.node.capacity?.gpus.find((one) => one.index === place.gpu);
  return (
    <div className={classes.place}>
      <div className={classes.placeHead}>
        <h3>
          {place.gpu === null
            ? say('instances.cpu')
            : `${say('instances.gpu', { index: place.gpu })}${capacity ? ` · ${capacity.name}` : ''}`}
        </h3>
        {load && (
          <div className={classes.load}>
            <Meter label="GPU" value={load.utilization} text={format.percent(load.utilization)} />
            <Meter
              label={say('instances.vram.short')}
              value={load.vramUsed / Math.max(1, load.vramTotal)}
              text={`${format.bytes(load.vramUsed)} / ${format.bytes(load.vramTotal)}`}
            />
            {capacity && capacity.encoderSessions > 0 && (
              <Meter
                label={say('instances.encoder.short')}
                value={load.encoderSessions / capacity.encoderSessions}
                text={`${load.encoderSessions} / ${capacity.encoderSessions}`}
              />
            )}
          </div>
        )}
      </div>
      <InstanceTable
        instances={place.instances}
        onEnd={onEnd}
        withPlace={false}
        selected={selected}
        onOpen={onOpen}
      />
      {place.others.length > 0 && (
        <div className={classes.others}>
          <span className="dim">{say('instances.other')}</span>
          {place.others.map((one) => (
            <Other key={one.id} allocation={one} />
          ))}
        </div>
      )}
    </div>
  );
}

/** Work of another kind in the same place. A frozen one has given way, and goes on when there is room again. */
function Other({ allocation }: { readonly allocation: NodeAllocation }) {
  const say = useTexts(streamTexts);
  const name = allocation.jobName ?? allocation.kind;
  return (
    <span className={classes.other} data-frozen={allocation.state === 'frozen' || undefined}>
      <StateBadge state={allocation.state} />
      {allocation.jobId === null ? name : <Link to={`/jobs/${allocation.jobId}`}>{name}</Link>}
      {allocation.state === 'frozen' && <span className="dim">{say('instances.gaveWay')}</span>}
    </span>
  );
}
