import {
  AsMenu,
  Page,
  QueryView,
  StateBadge,
  TabLinks,
  useParam,
  useSearch,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { appQuery, paths } from '../queries.ts';
import { playerAddress } from '../shared/player-address.ts';
import { streamTexts } from '../texts.ts';
import { AppOverview } from './app-overview.tsx';
import { AppSettingsForm } from './app-settings.tsx';
import { appTexts } from './app-texts.ts';
import { Share } from './share.tsx';
import { Versions } from './versions.tsx';

const parts = ['overview', 'versions', 'settings', 'share'] as const;
type Part = (typeof parts)[number];

/** One app: what it does now, its versions, its settings, and how others open it. */
export default function AppPage() {
  const id = useParam('id');
  const sayStreams = useTexts(streamTexts);
  const say = useTexts(appTexts);
  const [asked] = useSearch('part');
  const part: Part = parts.find((one) => one === asked) ?? 'overview';
  const app = useQuery(appQuery(id));
  return (
    <Page
      title={app.data?.name ?? sayStreams('title')}
      aside={app.data && !app.data.enabled && <StateBadge state="disabled" label={sayStreams('off')} />}
      actions={
        <>
          {app.data && (
            <Button
              component="a"
              href={playerAddress(app.data.slug)}
              target="_blank"
              rel="noreferrer"
              variant="default"
              leftSection={<IconExternalLink size={14} aria-hidden="true" />}
            >
              {say('open.player')}
            </Button>
          )}
          <AsMenu apiPath={paths.app(id)} />
        </>
      }
      toolbar={
        <TabLinks
          label={say('parts')}
          tabs={parts.map((one) => ({
            to: one === 'overview' ? `/streams/apps/${id}` : `/streams/apps/${id}?part=${one}`,
            label: say(`part.${one}`),
            active: one === part,
          }))}
        />
      }
    >
      <QueryView query={app} rows={8}>
        {(data) => {
          switch (part) {
            case 'overview':
              return <AppOverview app={data} />;
            case 'versions':
              return <Versions app={data} />;
            case 'settings':
              return <AppSettingsForm key={data.updatedAt} app={data} />;
            case 'share':
              return <Share app={data} />;
          }
        }}
      </QueryView>
    </Page>
  );
}
