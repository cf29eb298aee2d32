import { useFormat, useLanguage, useTexts } from '@backlot/console/workload';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Estimate as EstimateShape } from '../../contract/api.ts';
import type { RenderSettingsInput } from '../../contract/settings.ts';
import { estimateQuery } from '../queries.ts';
import { renderTexts } from '../texts.ts';
import classes from './new-render.module.css';

interface EstimateProps {
  readonly projectId: string;
  readonly modelId: string | undefined;
  readonly settings: RenderSettingsInput;
}

/** What it will take, before it is started: time with its band, core hours, cost, and how well that is known. */
export function Estimate({ projectId, modelId, settings }: EstimateProps) {
  const [asked] = useDebouncedValue({ projectId, ...(modelId ? { modelId } : {}), settings }, 300);
  const { data } = useQuery({ ...estimateQuery(asked), placeholderData: keepPreviousData });
  // The place is kept while the first answer is on its way.
  return <div className={classes.estimate}>{data && <EstimateLine estimate={data} />}</div>;
}

export function EstimateLine({ estimate }: { readonly estimate: EstimateShape }) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const { language } = useLanguage();
  const cost =
    estimate.cost === null
      ? null
      : new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
          estimate.cost,
        );
  return (
    <span className={classes.estimateLine}>
      <strong>{say('estimate.time', { time: format.duration(estimate.wallMs) })}</strong>
      <span>
        {say('estimate.band', {
          low: format.duration(estimate.lowMs),
          high: format.duration(estimate.highMs),
        })}
      </span>
      <span className="dim">
        {[
          say('estimate.frames', { count: estimate.frames }),
          say('estimate.cores', { hours: format.number(estimate.coreHours, 2) }),
          ...(cost === null ? [] : [say('estimate.cost', { cost })]),
          say(`estimate.basis.${estimate.basis}`),
        ].join(' · ')}
      </span>
    </span>
  );
}
