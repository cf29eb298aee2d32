import { useTexts } from '../../../i18n/texts.ts';
import { useReason } from '../../../parts/reason.tsx';
import type { FlowCanvasProps } from '../canvas/flow-canvas.tsx';
import { StepIcon } from '../canvas/step-icon.tsx';
import type { FlowGraph } from '../editor/graph.ts';
import classes from './run-page.module.css';
import type { StepView } from './run-view.ts';
import { runTexts } from './texts.ts';

interface StepListProps {
  readonly graph: FlowGraph;
  readonly faceOf: FlowCanvasProps['faceOf'];
  readonly views: ReadonlyMap<string, StepView>;
  readonly selected: string | undefined;
  readonly onOpen: (id: string) => void;
}

/** The same steps as lines: why one waits or has failed stands beside it, and fingers and keys find them, too. */
export function StepList({ graph, faceOf, views, selected, onOpen }: StepListProps) {
  const say = useTexts(runTexts);
  const sentence = useReason();
  return (
    <ol className={classes.steps} aria-label={say('steps')}>
      {graph.nodes.map((node) => {
        const face = faceOf(node.id);
        const records = views.get(node.id)?.records ?? [];
        const failure = records.find((record) => record.failure)?.failure;
        const wait = records.find((record) => record.task?.wait)?.task?.wait;
        const message = records.find((record) => record.task?.progress?.message)?.task?.progress?.message;
        return (
          <li key={node.id}>
            <button
              type="button"
              className={classes.step}
              aria-current={selected === node.id || undefined}
              onClick={() => onOpen(node.id)}
            >
              <StepIcon kind={node.isTrigger ? 'x.trigger' : node.kind} icon={face.icon} />
              <span>{face.title}</span>
              <span>{face.subtitle}</span>
              {failure ? (
                <span className={classes.why}>{sentence(failure.reason)}</span>
              ) : (
                <span className="dim">{wait ? sentence(wait) : message}</span>
              )}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
