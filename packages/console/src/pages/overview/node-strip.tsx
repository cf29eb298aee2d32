import type { NodeAllocation, NodeView } from '@backlot/contract/api/nodes';
import { Tooltip } from '@mantine/core';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Link } from '../../parts/link.tsx';
import { Meter } from '../../parts/meter.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago } from '../../parts/time.tsx';
import { jobPath, kindColor, useWorkloads } from '../../workloads/use-workloads.ts';
import { useNodeLoad } from '../nodes/use-node-load.ts';
import classes from './node-strip.module.css';
import { overviewTexts } from './texts.ts';

/** One machine in one line: how full it is, and what runs there. */
export function NodeStrip({ node }: { readonly node: NodeView }) {
  const say = useTexts(overviewTexts);
  const word = useGlossary();
  const format = useFormat();
  const load = useNodeLoad(node);
  const gpu = load?.gpus[0];
  const share = (used: number, total: number) => (total > 0 ? used / total : null);
  return (
    <li className={classes.strip}>
      <div className={classes.name}>
        <Link to={`/nodes/${node.id}`}>{node.name}</Link>
        <StateBadge
          state={node.state === 'ready' && node.schedulable !== 'yes' ? node.schedulable : node.state}
        />
      </div>
      <div className={classes.meters}>
        {load ? (
          <>
            <Meter label={word('load.cpu')} value={load.cpu} text={format.percent(load.cpu)} />
            <Meter
              alarming
              label={word('load.memory')}
              value={share(load.memoryUsed, load.memoryTotal)}
              text={format.bytes(load.memoryUsed)}
              title={`${format.bytes(load.memoryUsed)} / ${format.bytes(load.memoryTotal)}`}
            />
            <Meter
              alarming
              label={word('load.disk')}
              value={share(load.diskUsed, load.diskTotal)}
              text={say('disk.free', { free: format.bytes(load.diskTotal - load.diskUsed) })}
              title={`${format.bytes(load.diskUsed)} / ${format.bytes(load.diskTotal)}`}
            />
            {gpu && (
              <Meter
                label={word('load.gpu')}
                value={gpu.utilization}
                text={format.percent(gpu.utilization)}
                title={`${format.bytes(gpu.vramUsed)} / ${format.bytes(gpu.vramTotal)}`}
              />
            )}
          </>
        ) : (
          <span className="dim">
            {node.lastSeenAt === null ? (
              say('node.noLoad')
            ) : (
              <>
                {say('node.seen')} <Ago at={node.lastSeenAt} />
              </>
            )}
          </span>
        )}
      </div>
      <Blocks node={node} />
    </li>
  );
}

/** The cores of a node as a bar; each allocation takes the share it was given. Frozen ones are hatched. */
function Blocks({ node }: { readonly node: NodeView }) {
  const say = useTexts(overviewTexts);
  const format = useFormat();
  const cores = node.capacity?.cpu ?? 0;
  const used = node.used?.cpu ?? 0;
  return (
    <div className={classes.work}>
      <ul className={classes.blocks} aria-label={say('node.blocks', { name: node.name })}>
        {node.allocations.map((allocation) => (
          <Block key={allocation.id} allocation={allocation} cores={cores} />
        ))}
        {node.allocations.length === 0 && <li className={classes.idle}>{say('node.idle')}</li>}
      </ul>
      <span className={classes.cores}>
        {say('cores', { used: format.number(used, 1), total: format.number(cores, 1) })}
      </span>
    </div>
  );
}

function Block({ allocation, cores }: { readonly allocation: NodeAllocation; readonly cores: number }) {
  const workloads = useWorkloads();
  const word = useGlossary();
  const name = allocation.jobName ?? allocation.kind;
  const state = allocation.state === 'frozen' ? word('state.frozen') : word('state.running');
  const to = allocation.jobId
    ? jobPath(workloads, { id: allocation.jobId, kind: allocation.kind })
    : `/tasks/${allocation.taskId}`;
  const width = cores > 0 ? Math.max(0.02, allocation.resources.cpu / cores) * 100 : 10;
  return (
    <li
      className={classes.block}
      style={{ flexBasis: `${width}%`, '--kind': kindColor(workloads, allocation.kind) }}
      data-frozen={allocation.state === 'frozen' || undefined}
    >
      <Tooltip label={`${name} · ${allocation.kind} · ${state}`}>
        <Link to={to} className={classes.blockLink}>
          <span className={classes.done} style={{ transform: `scaleX(${allocation.progress ?? 0})` }} />
          <span className={classes.blockName}>{name}</span>
        </Link>
      </Tooltip>
    </li>
  );
}
