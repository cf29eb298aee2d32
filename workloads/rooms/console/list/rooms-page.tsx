import {
  Ago,
  AsMenu,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  Page,
  useFormat,
  useGoTo,
  useList,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Select } from '@mantine/core';
import { IconLock, IconPlus, IconUsersGroup } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Room } from '../../contract/room.ts';
import { RoomStateBadge } from '../parts/room-state.tsx';
import { ViewTabs } from '../parts/view-tabs.tsx';
import { roomsQuery } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import { CreatePanel } from './create-panel.tsx';
import classes from './rooms-page.module.css';

/** Rooms that are open, and how a new one is made. */
export default function RoomsPage() {
  const say = useTexts(roomTexts);
  const goTo = useGoTo();
  const { project, can } = useSession();
  const [creating, setCreating] = useSearch('new');
  const [shown, setShown] = useSearch('show');
  const list = useList(roomsQuery({ projectId: project?.id, state: shown === 'any' ? 'any' : 'open' }));
  const columns = useRoomColumns();
  const mayCreate = can('rooms.write');
  const create = mayCreate && (
    <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setCreating('1')}>
      {say('new')}
    </Button>
  );
  return (
    <Page
      title={say('title')}
      fill
      aside={<ViewTabs active="rooms" />}
      actions={
        <>
          {create}
          <AsMenu apiPath="/api/v1/rooms" />
        </>
      }
      toolbar={
        <Select
          aria-label={say('col.state')}
          w={160}
          allowDeselect={false}
          data={[
            { value: 'open', label: say('show.open') },
            { value: 'any', label: say('show.any') },
          ]}
          value={shown === 'any' ? 'any' : 'open'}
          onChange={(value) => setShown(value === 'any' ? 'any' : undefined)}
        />
      }
    >
      <ListView list={list}>
        {(rooms) => (
          <DataTable
            label={say('title')}
            columns={columns}
            rows={rooms}
            rowKey={(room) => room.id}
            onOpen={(room) => goTo(`/rooms/live/${room.id}`)}
            onEnd={list.more}
            fill
            empty={
              <EmptyState
                icon={<IconUsersGroup size={28} />}
                title={say(shown === 'any' ? 'empty.filtered' : 'empty.title')}
                action={create}
              >
                {say('empty.text')}
              </EmptyState>
            }
          />
        )}
      </ListView>
      {creating !== undefined && mayCreate && (
        <CreatePanel
          onClose={() => setCreating(undefined)}
          onCreated={(room) => goTo(`/rooms/live/${room.id}?invite=1`)}
        />
      )}
    </Page>
  );
}

function useRoomColumns(): readonly Column<Room>[] {
  const say = useTexts(roomTexts);
  const format = useFormat();
  return useMemo(
    () => [
      {
        key: 'name',
        header: say('col.name'),
        width: 'minmax(160px, 2fr)',
        phone: 'title',
        cell: (room) => (
          <span className={classes.name}>
            {room.name}
            {room.locked && <IconLock size={13} aria-label={say('room.locked')} />}
          </span>
        ),
      },
      {
        key: 'state',
        header: say('col.state'),
        width: '130px',
        phone: 'end',
        cell: (room) => <RoomStateBadge state={room.state} />,
      },
      {
        key: 'people',
        header: say('col.people'),
        width: '110px',
        align: 'end',
        phone: 'meta',
        cell: (room) =>
          `${format.number(room.participants)} / ${format.number(room.settings.maxParticipants)}`,
      },
      {
        key: 'opened',
        header: say('col.opened'),
        width: '140px',
        align: 'end',
        phone: 'meta',
        cell: (room) => <Ago at={room.createdAt} />,
      },
    ],
    [say, format],
  );
}
