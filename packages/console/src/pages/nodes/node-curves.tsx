import type { NodeView } from '@backlot/contract/api/nodes';
import type { NodeLoad } from '@backlot/contract/link/messages';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { nodeSamplesQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { LoadCurve } from '../../parts/load-curve.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { joinSamples } from './join-samples.ts';
import classes from './node-page.module.css';
import { nodeTexts } from './texts.ts';
import { useNodeLoad } from './use-node-load.ts';

interface NodeCurvesProps {
  readonly node: NodeView;
  readonly minutes: number;
}

/** CPU, memory, network, disk and each GPU over time; the live value is the curves' last point. */
export function NodeCurves({ node, minutes }: NodeCurvesProps) {
  const say = useTexts(nodeTexts);
  const query = useQuery(nodeSamplesQuery(node.id, minutes));
  const live = useNodeLoad(node);
  return (
    <QueryView query={query} rows={4}>
      {({ samples }) => {
        const joined = joinSamples(samples, live);
        return joined.length === 0 ? <p className="dim">{say('load.none')}</p> : <Curves samples={joined} />;
      }}
    </QueryView>
  );
}

function Curves({ samples }: { readonly samples: readonly NodeLoad[] }) {
  const say = useTexts(nodeTexts);
  const word = useGlossary();
  const format = useFormat();
  const columns = useMemo(() => {
    const of = (read: (load: NodeLoad) => number | null) => samples.map(read);
    const gpus = [...new Set(samples.flatMap((load) => load.gpus.map((gpu) => gpu.index)))].sort(
      (a, b) => a - b,
    );
    return {
      times: samples.map((load) => Date.parse(load.at)),
      cpu: of((load) => load.cpu),
      memory: of((load) => load.memoryUsed),
      memoryTotal: Math.max(1, ...samples.map((load) => load.memoryTotal)),
      disk: of((load) => load.diskUsed),
      diskTotal: Math.max(1, ...samples.map((load) => load.diskTotal)),
      networkIn: of((load) => load.networkIn),
      networkOut: of((load) => load.networkOut),
      gpus: gpus.map((index) => ({
        index,
        utilization: of((load) => load.gpus.find((gpu) => gpu.index === index)?.utilization ?? null),
        vram: of((load) => {
          const gpu = load.gpus.find((one) => one.index === index);
          return gpu && gpu.vramTotal > 0 ? gpu.vramUsed / gpu.vramTotal : null;
        }),
      })),
    };
  }, [samples]);
  return (
    <div className={classes.curves}>
      <LoadCurve
        title={word('load.cpu')}
        times={columns.times}
        series={[{ label: word('load.cpu'), values: columns.cpu }]}
        unit={format.percent}
        max={1}
      />
      <LoadCurve
        title={word('load.memory')}
        times={columns.times}
        series={[{ label: word('load.memory'), values: columns.memory }]}
        unit={format.bytes}
        binary
        max={columns.memoryTotal}
      />
      {columns.gpus.map((gpu) => (
        <LoadCurve
          key={gpu.index}
          title={say('load.gpuN', { index: gpu.index })}
          times={columns.times}
          series={[
            { label: word('load.gpu'), values: gpu.utilization },
            { label: 'VRAM', values: gpu.vram },
          ]}
          unit={format.percent}
          max={1}
        />
      ))}
      <LoadCurve
        title={word('load.network')}
        times={columns.times}
        series={[
          { label: say('load.in'), values: columns.networkIn },
          { label: say('load.out'), values: columns.networkOut },
        ]}
        unit={format.rate}
        binary
      />
      <LoadCurve
        title={word('load.disk')}
        times={columns.times}
        series={[{ label: word('load.disk'), values: columns.disk }]}
        unit={format.bytes}
        binary
        max={columns.diskTotal}
      />
    </div>
  );
}
