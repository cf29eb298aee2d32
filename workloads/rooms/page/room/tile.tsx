import type { RemoteTrack } from '@backlot/sdk/rooms';
import { type Quality, qualityOf, type RoomState, trackOf } from '@backlot/sdk/rooms/state';
import { IconMicrophoneOff, IconPin, IconPinnedOff } from '@tabler/icons-react';
import type { TileModel } from '../model/tiles.ts';
import { Avatar } from '../parts/avatar.tsx';
import { QualityMark } from '../parts/quality-mark.tsx';
import { LocalVideo, RemoteVideo } from '../parts/video.tsx';
import { useWords } from '../texts.ts';
import classes from './tile.module.css';

/** Louder than this counts as speaking. dB below full scale. */
const speakingDb = -50;

interface TileProps {
  readonly tile: TileModel;
  readonly room: RoomState;
  readonly remote: ReadonlyMap<string, RemoteTrack>;
  /** One's own camera or screen, for one's own tiles. */
  readonly own: MediaStreamTrack | null;
  readonly pinned: boolean;
  readonly onPin: () => void;
}

/** One person or one screen: picture or letters, name, whether they can be heard, how good the connection is. */
export function Tile({ tile, room, remote, own, pinned, onPin }: TileProps) {
  const { say } = useWords();
  const { participant, isScreen, isSelf } = tile;
  const track =
    trackOf(participant, isScreen ? 'screen' : 'camera') ?? (isScreen ? undefined : otherVideo(tile));
  const sound = trackOf(participant, 'microphone');
  const isSilent = !isScreen && (sound === undefined || sound.paused);
  const level = room.levels.get(participant.identity);
  const speaking = !isScreen && !isSilent && level !== undefined && level > speakingDb;
  const received = track && !track.paused ? remote.get(track.id) : undefined;
  const quality: Quality = isScreen ? 'unknown' : qualityOf(room, participant);
  const name = isScreen
    ? say('tile.screen', { name: participant.name })
    : isSelf
      ? say('tile.you', { name: participant.name })
      : participant.name;
  return (
    <section className={classes.tile} data-speaking={speaking || undefined} aria-label={name}>
      {isSelf && own ? (
        <LocalVideo
          track={own}
          mirrored={!isScreen}
          className={isScreen ? classes.whole : classes.picture}
          label={name}
        />
      ) : received ? (
        <RemoteVideo track={received} className={isScreen ? classes.whole : classes.picture} label={name} />
      ) : (
        <Avatar name={participant.name} />
      )}
      <footer className={classes.foot}>
        {isSilent && (
          <span
            role="img"
            aria-label={say('tile.muted')}
            title={say('tile.muted')}
            className={classes.silent}
          >
            <IconMicrophoneOff size={14} aria-hidden="true" />
          </span>
        )}
        <span className={classes.name}>{name}</span>
        {participant.away && <span className={classes.away}>{say('away')}</span>}
        <QualityMark quality={quality} />
      </footer>
      <button
        type="button"
        className={classes.pin}
        aria-label={pinned ? say('tile.unpin') : say('tile.pin', { name })}
        title={pinned ? say('tile.unpin') : say('tile.pin', { name })}
        aria-pressed={pinned}
        onClick={onPin}
      >
        {pinned ? <IconPinnedOff size={16} aria-hidden="true" /> : <IconPin size={16} aria-hidden="true" />}
      </button>
    </section>
  );
}

/** A picture that a program publishes without saying what it is. */
function otherVideo({ participant }: TileModel) {
  for (const track of participant.tracks.values()) {
    if (track.kind === 'video' && track.source === 'other') return track;
  }
  return undefined;
}
