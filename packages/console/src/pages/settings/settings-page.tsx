import { useQuery } from '@tanstack/react-query';
import { healthQuery, overviewQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/index.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Link } from '../../parts/link.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { SettingsTabs } from './settings-tabs.tsx';
import { settingsTexts } from './texts.ts';
import { Webhooks } from './webhooks.tsx';

const parts = ['webhooks', 'storage', 'about'] as const;

/** What is set for everybody: webhooks, how long files are kept, and what this installation is. */
export default function SettingsPage() {
  const say = useTexts(settingsTexts);
  const { can } = useSession();
  const [wanted] = useSearch('part');
  const allowed = parts.filter((part) => part !== 'webhooks' || can('webhooks.manage'));
  const active = allowed.find((part) => part === wanted) ?? allowed[0] ?? 'about';
  return (
    <Page fill title={say('title')} aside={<SettingsTabs parts={allowed} active={active} />}>
      {active === 'webhooks' && <Webhooks />}
      {active === 'storage' && <Storage />}
      {active === 'about' && <About />}
    </Page>
  );
}

function Storage() {
  const say = useTexts(settingsTexts);
  const format = useFormat();
  const overview = useQuery(overviewQuery());
  return (
    <QueryView query={overview}>
      {({ storage }) => (
        <>
          <Facts
            items={[
              [say('storage.use'), format.bytes(storage.used)],
              [say('storage.free'), `${format.bytes(storage.free)} / ${format.bytes(storage.total)}`],
            ]}
          />
          <Section title={say('storage.retention')}>
            <p>{say('storage.retention.text')}</p>
            <p>
              <Link to="/access?part=projects">{say('storage.retention.link')}</Link>
            </p>
          </Section>
        </>
      )}
    </QueryView>
  );
}

function About() {
  const say = useTexts(settingsTexts);
  const health = useQuery(healthQuery());
  return (
    <QueryView query={health}>
      {(data) => (
        <Facts
          items={[
            [say('about.version'), data.version],
            [
              say('about.health'),
              <StateBadge
                key="health"
                state={data.status}
                {...(data.status === 'ok' ? { tone: 'running' as const } : {})}
              />,
            ],
            [
              say('about.docs'),
              <a key="docs" href="/api/docs" target="_blank" rel="noreferrer">
                /api/docs
              </a>,
            ],
            [
              say('about.openapi'),
              <a key="openapi" href="/api/openapi.json" target="_blank" rel="noreferrer">
                /api/openapi.json
              </a>,
            ],
            [
              say('about.metrics'),
              <a key="metrics" href="/metrics" target="_blank" rel="noreferrer">
                /metrics
              </a>,
            ],
            [say('about.license'), 'Apache-2.0'],
          ]}
        />
      )}
    </QueryView>
  );
}
