import {
  AsMenu,
  ChoiceFilter,
  EmptyState,
  ListView,
  Page,
  TextFilter,
  useGoTo,
  useList,
  useSearch,
  useSession,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { Button, SegmentedControl } from '@mantine/core';
import { IconPlayerRecord, IconPlus } from '@tabler/icons-react';
import { channelsQuery } from '../queries.ts';
import { listedChannelStates } from '../shared/shown-state.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { recordingTexts } from '../texts.ts';
import { ChannelTable } from './channel-table.tsx';
import { ChannelWall } from './channel-wall.tsx';
import { NewChannelPanel } from './new-channel-panel.tsx';

/** All channels: as a wall of pictures, or as a table. */
export default function ChannelsPage() {
  const say = useTexts(recordingTexts);
  const goTo = useGoTo();
  const { project, can } = useSession();
  const [adding, setAdding] = useSearch('new');
  const [as = 'wall', setAs] = useSearch('as');
  const [asked, setState] = useSearch('state');
  // A link of before may ask for channels that were taken out.
  const state = listedChannelStates.find((one) => one === asked);
  const search = useTextSearch();
  const list = useList(channelsQuery({ projectId: project?.id, state, text: search.wanted }));
  const mayAdd = can('recordings.write');
  const filtered = state !== undefined || search.wanted !== undefined;
  const add = mayAdd && (
    <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setAdding('1')}>
      {say('add')}
    </Button>
  );
  const empty = (
    <EmptyState
      icon={<IconPlayerRecord size={30} stroke={1.4} />}
      title={say(filtered ? 'empty.filtered' : 'empty.title')}
      action={!filtered && add}
    >
      {!filtered && say('empty.text')}
    </EmptyState>
  );
  return (
    <Page
      title={say('title')}
      fill={as === 'table'}
      aside={<ViewTabs active="channels" />}
      actions={
        <>
          {add}
          <AsMenu apiPath="/api/v1/channels" />
        </>
      }
      toolbar={
        <>
          <TextFilter label={say('filter.text')} search={search} />
          <ChoiceFilter
            label={say('col.state')}
            placeholder={say('filter.state')}
            choices={listedChannelStates}
            nameOf={(one) => say(`state.${one}`)}
            value={state}
            onChange={setState}
          />
          <SegmentedControl
            aria-label={say('as')}
            data={[
              { value: 'wall', label: say('as.wall') },
              { value: 'table', label: say('as.table') },
            ]}
            value={as}
            onChange={(value) => setAs(value === 'table' ? 'table' : undefined)}
          />
        </>
      }
    >
      <ListView list={list} rows={8}>
        {(channels) =>
          as === 'table' ? (
            <ChannelTable channels={channels} onEnd={list.more} empty={empty} />
          ) : channels.length === 0 ? (
            empty
          ) : (
            <ChannelWall channels={channels} onEnd={list.more} />
          )
        }
      </ListView>
      {adding !== undefined && mayAdd && (
        <NewChannelPanel
          onClose={() => setAdding(undefined)}
          onCreated={(channel) => goTo(`/recordings/channels/${channel.id}`)}
        />
      )}
    </Page>
  );
}
