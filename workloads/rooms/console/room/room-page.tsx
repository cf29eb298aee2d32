import {
  AsMenu,
  ConfirmInline,
  EmptyState,
  Facts,
  Link,
  Page,
  QueryView,
  Section,
  transport,
  useFormat,
  useParam,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconDoorEnter, IconLock, IconLockOpen, IconUserPlus, IconVolumeOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Room } from '../../contract/room.ts';
import { RoomStateBadge } from '../parts/room-state.tsx';
import { hostsQuery, peopleQuery, roomPath, roomQuery } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import { InvitePanel } from './invite-panel.tsx';
import { Lobby } from './lobby.tsx';
import { ParticipantPanel } from './participant-panel.tsx';
import { PeopleTable } from './people-table.tsx';
import { Recordings } from './recordings.tsx';
import { useAct } from './use-act.tsx';
import { useRoomMedia } from './use-media.ts';

/** One room: who is in it and how they hear and see each other, what is recorded, and what can be done. */
export default function RoomPage() {
  const id = useParam('id');
  const say = useTexts(roomTexts);
  const room = useQuery(roomQuery(id));
  return (
    <Page
      title={room.data?.name ?? say('title')}
      aside={
        room.data && (
          <>
            <RoomStateBadge state={room.data.state} />
            {room.data.locked && <span>{say('room.locked')}</span>}
          </>
        )
      }
      actions={
        <>
          {room.data && <RoomActions room={room.data} />}
          <AsMenu apiPath={roomPath(id)} />
        </>
      }
    >
      <QueryView query={room} rows={8}>
        {(data) => <Content room={data} />}
      </QueryView>
    </Page>
  );
}

function RoomActions({ room }: { readonly room: Room }) {
  const say = useTexts(roomTexts);
  const { can } = useSession();
  const [, setInvite] = useSearch('invite');
  const act = useAct(room.id);
  if (room.state === 'closed') return null;
  const moderates = can('rooms.moderate', room.projectId);
  const path = roomPath(room.id);
  return (
    <>
      {can('rooms.join', room.projectId) && (
        <Button leftSection={<IconUserPlus size={14} aria-hidden="true" />} onClick={() => setInvite('1')}>
          {say('room.invite')}
        </Button>
      )}
      {moderates && (
        <>
          <Button
            variant="default"
            leftSection={<IconVolumeOff size={14} aria-hidden="true" />}
            disabled={room.participants === 0}
            onClick={() => act.run(() => transport().run('POST', `${path}/mute`, { json: {} }))}
          >
            {say('room.muteAll')}
          </Button>
          <Button
            variant="default"
            leftSection={
              room.locked ? (
                <IconLockOpen size={14} aria-hidden="true" />
              ) : (
                <IconLock size={14} aria-hidden="true" />
              )
            }
            onClick={() =>
              act.run(() => transport().run('PUT', `${path}/lock`, { json: { locked: !room.locked } }))
            }
          >
            {say(room.locked ? 'room.unlock' : 'room.lock')}
          </Button>
          <ConfirmInline
            label={say('room.close')}
            question={say('room.close.ask', { name: room.name, count: room.participants })}
            confirm={say('room.close')}
            danger
            onConfirm={() => act.whole(() => transport().run('DELETE', path))}
          />
        </>
      )}
      {act.problem}
    </>
  );
}

function Content({ room }: { readonly room: Room }) {
  const say = useTexts(roomTexts);
  const format = useFormat();
  const { can } = useSession();
  const [chosen, setChosen] = useSearch('who');
  const [invite, setInvite] = useSearch('invite');
  const people = useQuery({ ...peopleQuery(room.id), enabled: room.state !== 'closed' });
  const media = useRoomMedia(room.id, room.nodeId !== null && room.state !== 'closed');
  const moderates = can('rooms.moderate', room.projectId);
  const selected = people.data?.find((one) => one.identity === chosen);
  const { settings } = room;
  const hosts = useQuery({ ...hostsQuery(), enabled: room.nodeId !== null && can('nodes.read') });
  const nodeName = hosts.data?.find(({ nodeId }) => nodeId === room.nodeId)?.nodeName;
  const node =
    room.nodeId === null ? (
      '–'
    ) : (
      <Link to={`/nodes/${room.nodeId}`}>{nodeName ?? room.nodeId.slice(-8)}</Link>
    );
  const yes = (value: boolean) => say(value ? 'fact.yes' : 'fact.no');
  return (
    <>
      {room.state !== 'closed' && (
        <>
          {moderates && settings.lobby && <Lobby room={room} />}
          <Section title={say('room.people')} aside={format.number(room.participants)}>
            <QueryView query={people} rows={4}>
              {(list) => (
                <PeopleTable
                  people={list.filter((one) => one.state !== 'lobby')}
                  media={media}
                  selected={chosen}
                  onOpen={(person) => setChosen(person.identity)}
                  empty={
                    <EmptyState
                      icon={<IconDoorEnter size={26} />}
                      title={say('room.people.none')}
                      action={
                        can('rooms.join', room.projectId) && (
                          <Button onClick={() => setInvite('1')}>{say('room.invite')}</Button>
                        )
                      }
                    >
                      {say('room.people.none.text')}
                    </EmptyState>
                  }
                />
              )}
            </QueryView>
          </Section>
        </>
      )}
      <Recordings room={room} mayRecord={moderates} />
      <Section title={say('room.settings')}>
        <Facts
          items={[
            [say('fact.node'), node],
            [say('fact.codecs'), settings.codecs.join(', ')],
            [say('fact.max'), format.number(settings.maxParticipants)],
            [say('fact.lobby'), yes(settings.lobby)],
            [say('fact.audience'), yes(settings.audience)],
            [say('fact.bitrate'), `${format.number(settings.maxIncomingBitrate / 1_000)} kbit/s`],
            [
              say('fact.empty'),
              settings.departureTimeoutS === 0
                ? say('fact.never')
                : format.duration(settings.departureTimeoutS * 1_000),
            ],
          ]}
        />
      </Section>
      {invite !== undefined && room.state !== 'closed' && (
        <InvitePanel room={room} onClose={() => setInvite(undefined)} />
      )}
      {selected && invite === undefined && (
        <ParticipantPanel
          room={room}
          person={selected}
          media={media}
          moderates={moderates}
          onClose={() => setChosen(undefined)}
        />
      )}
    </>
  );
}
