import { useQuery } from '@tanstack/react-query';
import { nodeTimelineQuery } from '../../api/queries.ts';
import { toMs } from '../../format/index.ts';
import { useTexts } from '../../i18n/texts.ts';
import { useGoTo } from '../../parts/link.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Timeline, type TimelineBlock } from '../../parts/timeline.tsx';
import { useNow } from '../../parts/use-now.ts';
import { nodeTexts } from './texts.ts';

interface NodeTimelineProps {
  readonly nodeId: string;
  readonly minutes: number;
}

/** Who had the machine when. */
export function NodeTimeline({ nodeId, minutes }: NodeTimelineProps) {
  const say = useTexts(nodeTexts);
  const goTo = useGoTo();
  const now = useNow();
  const query = useQuery(nodeTimelineQuery(nodeId, minutes));
  return (
    <QueryView query={query} rows={2}>
      {({ items }) => {
        const blocks = items.flatMap((entry): TimelineBlock[] => {
          const from = toMs(entry.startedAt);
          if (from === null) return [];
          return [
            {
              key: entry.id,
              label: entry.jobName ?? entry.kind,
              from,
              to: toMs(entry.endedAt),
              state: entry.outcome ?? entry.state,
              onOpen: () => goTo(`/tasks/${entry.taskId}`),
            },
          ];
        });
        return blocks.length === 0 ? (
          <p className="dim">{say('timeline.none')}</p>
        ) : (
          <Timeline label={say('timeline')} blocks={blocks} from={now - minutes * 60_000} to={now} />
        );
      }}
    </QueryView>
  );
}
