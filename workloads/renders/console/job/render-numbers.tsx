import { Duration, Facts, useFormat, useTexts } from '@backlot/console/workload';
import type { Render } from '../../contract/api.ts';
import { resolvePicture } from '../../contract/settings.ts';
import { EstimateLine } from '../new/estimate.tsx';
import { renderTexts } from '../texts.ts';

/** What it makes, what it has taken so far, and what it will take. */
export function RenderNumbers({ render }: { readonly render: Render }) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const { job, settings, facts, spent, estimate } = render;
  const picture = resolvePicture(settings);
  const width = facts.width ?? picture.width;
  const height = facts.height ?? picture.height;
  return (
    <Facts
      items={[
        [say('make.title'), `${say(`make.${settings.subject.kind}`)} · ${say(`preset.${settings.preset}`)}`],
        [
          say('quality.title'),
          `${width} × ${height} · ${format.number(facts.samples ?? picture.samples)} · ${settings.format.toUpperCase()}`,
        ],
        [
          say('job.spent'),
          <span key="spent">
            {say('estimate.cores', { hours: format.number(spent.coreHours, 2) })}
            {spent.cost !== null && ` · ${say('estimate.cost', { cost: format.number(spent.cost, 2) })}`}
            {' · '}
            <Duration from={job.startedAt} to={job.endedAt} />
          </span>,
        ],
        ...(facts.frameSeconds === undefined
          ? []
          : [
              [
                say('job.frames'),
                say('job.perFrame', { time: format.duration(facts.frameSeconds * 1000) }),
              ] as const,
            ]),
        ...(estimate && job.endedAt === null
          ? [[say('estimate'), <EstimateLine key="estimate" estimate={estimate} />] as const]
          : []),
      ]}
    />
  );
}
