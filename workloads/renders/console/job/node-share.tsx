import { Progress, useFormat, useTexts } from '@backlot/console/workload';
import type { Render } from '../../contract/api.ts';
import { renderTexts } from '../texts.ts';
import classes from './render-page.module.css';

/** Which node rendered how many frames, and how fast it is. */
export function NodeShare({ nodes }: { readonly nodes: Render['nodes'] }) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const total = nodes.reduce((sum, node) => sum + node.frames, 0);
  return (
    <ul className={classes.share}>
      {nodes.map((node) => (
        <li key={node.nodeName} className={classes.node}>
          <span>{node.nodeName}</span>
          <Progress fraction={total > 0 ? node.frames / total : 0} tone="done" label={node.nodeName} />
          <span>
            {say('job.nodes.frames', { count: node.frames })}
            {node.frames > 0 &&
              ` · ${say('job.perFrame', { time: format.duration((node.seconds / node.frames) * 1000) })}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
