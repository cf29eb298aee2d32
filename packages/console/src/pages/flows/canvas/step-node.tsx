import { IconAlertTriangle } from '@tabler/icons-react';
import { Handle, type Node, type NodeProps, Position, useConnection } from '@xyflow/react';
import type { ReactNode } from 'react';
import { useTexts } from '../../../i18n/texts.ts';
import type { Tone } from '../../../parts/state-tone.ts';
import { fits, type GraphNode, type Port } from '../editor/graph.ts';
import { flowTexts } from '../texts.ts';
import { handle, handleEnd } from './ports.ts';
import { StepIcon } from './step-icon.tsx';
import classes from './step-node.module.css';

/** What a node shows besides its ports. A type, because React Flow wants data with an index. */
export type StepFace = {
  /** What it is called on the picture. */
  readonly title: string;
  /** The second line: the kind in words, or in a run what happens. */
  readonly subtitle: ReactNode;
  readonly icon: string | undefined;
  /** Where the step is in a run; undefined in the editor. */
  readonly tone?: Tone | undefined;
  /** Share that is done, in a run. */
  readonly fraction?: number | null | undefined;
  readonly problems: readonly string[];
};

export type StepNodeData = StepFace & { readonly node: GraphNode; readonly readOnly: boolean };

export type StepNodeType = Node<StepNodeData, 'step'>;

/** One step, or the trigger: its name, what it takes at the left, what it gives at the right. */
export function StepNode({ data, selected }: NodeProps<StepNodeType>) {
  const say = useTexts(flowTexts);
  const { node, problems, tone } = data;
  const rows = Math.max(node.inputs.length, node.outputs.length);
  const side = node.branches.filter((branch) => branch !== 'ok');
  return (
    <div
      className={classes.node}
      data-selected={selected || undefined}
      data-trigger={node.isTrigger || undefined}
      data-problem={problems.length > 0 || undefined}
      data-tone={tone}
      style={{ width: node.width, height: node.height }}
    >
      <div className={classes.head}>
        {!node.isTrigger && <Dot node={node} id={handle.after} type="target" />}
        <span className={classes.icon}>
          <StepIcon kind={node.isTrigger ? 'x.trigger' : node.kind} icon={data.icon} />
        </span>
        <span className={classes.words}>
          <span className={classes.title}>{data.title}</span>
          <span className={classes.subtitle}>{data.subtitle}</span>
        </span>
        {problems.length > 0 && (
          <span className={classes.problem} title={problems.join('\n')}>
            <IconAlertTriangle size={15} aria-label={problems.join(' ')} />
          </span>
        )}
        {node.branches.includes('ok') && <Dot node={node} id={handle.branch('ok')} type="source" />}
      </div>
      {data.fraction !== undefined && (
        <span className={classes.progress} aria-hidden="true">
          <span
            style={{ transform: `scaleX(${data.fraction ?? 1})` }}
            data-unknown={data.fraction === null || undefined}
          />
        </span>
      )}
      {Array.from({ length: rows }, (_, row) => {
        const input = node.inputs[row];
        const output = node.outputs[row];
        return (
          <div key={`${input?.name} ${output?.name}`} className={classes.row}>
            {input && <PortLabel node={node} port={input} side="in" />}
            {output && <PortLabel node={node} port={output} side="out" />}
          </div>
        );
      })}
      {side.map((branch) => (
        <div key={branch} className={classes.row}>
          <span className={classes.port} data-side="out" data-branch={branch === 'error' ? 'error' : 'other'}>
            {branch === 'error'
              ? say('branch.error')
              : branch === 'true'
                ? say('branch.true')
                : branch === 'false'
                  ? say('branch.false')
                  : branch}
            <Dot node={node} id={handle.branch(branch)} type="source" />
          </span>
        </div>
      ))}
    </div>
  );
}

function PortLabel({ node, port, side }: { node: GraphNode; port: Port; side: 'in' | 'out' }) {
  const say = useTexts(flowTexts);
  const type = port.type === null ? say('port.unknown') : say(`port.${port.type}`);
  return (
    <span
      className={classes.port}
      data-side={side}
      data-unknown={port.type === null || undefined}
      title={`${port.name}: ${type}${side === 'in' && port.required ? `, ${say('port.required')}` : ''}`}
    >
      {side === 'in' && <Dot node={node} id={handle.input(port.name)} type="target" port={port} />}
      <span className={classes.portName}>
        {port.name}
        {side === 'in' && port.required && <span aria-hidden="true">*</span>}
      </span>
      {side === 'out' && <Dot node={node} id={handle.output(port.name)} type="source" port={port} />}
    </span>
  );
}

interface DotProps {
  readonly node: GraphNode;
  readonly id: string;
  readonly type: 'source' | 'target';
  readonly port?: Port;
}

/** The end of wires: its shape says what goes through it. While a wire is drawn, what does not fit steps back. */
function Dot({ node, id, type, port }: DotProps) {
  const state = useConnection((connection) => {
    if (!connection.inProgress) return 'idle';
    const from = connection.fromNode.data as Partial<StepNodeData>;
    const start = handleEnd(from.node, connection.fromHandle.id);
    if (connection.fromNode.id === node.id) return connection.fromHandle.id === id ? 'start' : 'misfit';
    if (!start || connection.fromHandle.type === type) return 'misfit';
    if (start.kind === 'order') return port ? 'misfit' : 'fits';
    if (!port) return 'misfit';
    const ok = type === 'target' ? fits(start.type, port.type) : fits(port.type, start.type);
    return ok ? 'fits' : 'misfit';
  });
  return (
    <Handle
      id={id}
      type={type}
      position={type === 'source' ? Position.Right : Position.Left}
      className={classes.dot}
      data-port={port ? (port.type ?? 'unknown') : id === handle.branch('error') ? 'error' : 'order'}
      data-fit={state}
    />
  );
}
