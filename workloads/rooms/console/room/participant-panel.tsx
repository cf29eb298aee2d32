import { ConfirmInline, Facts, Section, SidePanel, transport, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import type { Participant, Room, Track } from '../../contract/room.ts';
import { participantPath } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import { Rates } from './rates.tsx';
import classes from './room-page.module.css';
import { useAct } from './use-act.tsx';
import type { RoomMedia } from './use-media.ts';

interface ParticipantPanelProps {
  readonly room: Room;
  readonly person: Participant;
  readonly media: RoomMedia;
  readonly moderates: boolean;
  readonly onClose: () => void;
}

/** Somebody in a room: what they send and receive, how much of it gets through, and what can be done. */
export function ParticipantPanel({ room, person, media, moderates, onClose }: ParticipantPanelProps) {
  const say = useTexts(roomTexts);
  const act = useAct(room.id);
  const name = person.name || person.identity;
  const path = participantPath(room.id, person.identity);
  const received = media.description?.consumers.filter((one) => one.owner === person.identity) ?? [];
  return (
    <SidePanel title={name} onClose={onClose}>
      <div className={classes.panel}>
        <Facts
          items={[
            [say('col.role'), say(`role.${person.role}`)],
            [say('col.state'), say(`person.${person.state}`)],
            [say('col.worker'), media.people.get(person.identity)?.workers.join(', ') || '–'],
          ]}
        />
        {moderates && (
          <div className={classes.actions}>
            <Button
              variant="default"
              onClick={() =>
                act.run(() =>
                  transport().run('PATCH', path, {
                    json: { role: person.role === 'host' ? 'member' : 'host' },
                  }),
                )
              }
            >
              {say(person.role === 'host' ? 'person.makeMember' : 'person.makeHost')}
            </Button>
            <ConfirmInline
              label={say('person.kick')}
              question={say('person.kick.ask', { name })}
              confirm={say('person.kick')}
              danger
              onConfirm={() => act.whole(() => transport().run('DELETE', path)).then(onClose)}
            />
          </div>
        )}
        {act.problem}
        <Section title={say('person.tracks')} aside={person.tracks.length}>
          <ul className={classes.rows}>
            {person.tracks.map((track) => (
              <li key={track.id} className={classes.row}>
                <span className={classes.grow}>
                  {say(`source.${track.source}`)} · {track.codec}
                  <span className="dim"> {wantedText(say, track, media)}</span>
                </span>
                {moderates && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() =>
                      act.run(() =>
                        transport().run('POST', `${path}/mute`, {
                          json: { trackId: track.id, muted: !track.muted },
                        }),
                      )
                    }
                  >
                    {say(track.muted ? 'person.unmute' : 'person.mute')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </Section>
        <Section title={say('person.received')} aside={received.length}>
          <ul className={classes.rows}>
            {received.map((one) => {
              const producer = media.description?.producers.find(
                ({ producerId }) => producerId === one.producerId,
              );
              return (
                <li key={one.consumerId} className={classes.row}>
                  <span className={classes.grow}>
                    {producer?.owner ?? '–'} · {producer?.mimeType.split('/')[1] ?? one.kind}
                  </span>
                  <span className="dim">
                    {one.currentLayers &&
                      `${say('track.layer', { layer: one.currentLayers.spatialLayer })} · `}
                    {one.paused ? say('track.paused') : say('score.of', { score: one.score.score })}
                  </span>
                </li>
              );
            })}
          </ul>
        </Section>
        {room.nodeId !== null && <Rates roomId={room.id} identity={person.identity} />}
      </div>
    </SidePanel>
  );
}

/** Whether anybody looks at a track, and how large. */
function wantedText(
  say: ReturnType<typeof useTexts<typeof roomTexts.table>>,
  track: Track,
  media: RoomMedia,
): string {
  if (track.muted) return say('track.muted');
  if (track.paused) return say('track.paused');
  const producer = media.description?.producers.find(({ producerId }) => producerId === track.id);
  if (!producer || track.kind === 'audio' || producer.type === 'simple') return '';
  return producer.wantedLayer === null
    ? say('track.unwanted')
    : say('track.wanted', { layer: producer.wantedLayer });
}
