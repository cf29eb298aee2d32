import { About as AboutShape } from '@backlot/contract/api/settings';
import { useQuery } from '@tanstack/react-query';
import { healthQuery } from '../../api/queries.ts';
import { transport } from '../../api/transport.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Facts } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { settingsTexts } from './texts.ts';

/** What this installation is, and where its machine-readable sides are. */
export function About() {
  const say = useTexts(settingsTexts);
  const health = useQuery(healthQuery());
  const about = useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => transport().call('GET', '/api/v1/about', AboutShape, { signal }),
    staleTime: 60_000,
  });
  const link = (path: string) => (
    <a key={path} href={path} target="_blank" rel="noreferrer">
      {path}
    </a>
  );
  return (
    <QueryView query={about}>
      {(data) => (
        <Facts
          items={[
            [say('about.version'), data.version],
            [say('about.url'), data.publicUrl],
            [say('about.workloads'), data.workloads.join(', ') || '–'],
            [say('about.database'), data.database],
            [say('about.node'), data.node],
            ...(health.data
              ? [
                  [
                    say('about.health'),
                    <StateBadge
                      key="health"
                      state={health.data.status}
                      {...(health.data.status === 'ok' ? { tone: 'running' as const } : {})}
                    />,
                  ] as const,
                ]
              : []),
            [say('about.docs'), link('/api/docs')],
            [say('about.openapi'), link('/api/openapi.json')],
            [say('about.metrics'), link('/metrics')],
            [say('about.license'), 'Apache-2.0'],
          ]}
        />
      )}
    </QueryView>
  );
}
