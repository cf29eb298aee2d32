import { Thumbnail, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlayerPlay, IconPlayerStop, IconVolume, IconVolumeOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { Channel } from '../../contract/channel.ts';
import { channelPath, thumbnailOf } from '../queries.ts';
import { recordingTexts } from '../texts.ts';
import classes from './channel-page.module.css';

/** The live picture: a still one until somebody wants to see it move; the bytes come from the recorder itself. */
export function LivePlayer({ channel }: { readonly channel: Channel }) {
  const say = useTexts(recordingTexts);
  const [watching, setWatching] = useState(false);
  const isLive = channel.state === 'live';
  if (watching && isLive) return <Moving channelId={channel.id} onClose={() => setWatching(false)} />;
  return (
    <div className={classes.player}>
      <Thumbnail address={thumbnailOf(channel)} alt={say('picture', { name: channel.settings.name })} />
      <div className={classes.bar}>
        {isLive ? (
          <Button
            variant="default"
            leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
            onClick={() => setWatching(true)}
          >
            {say('live.watch')}
          </Button>
        ) : (
          <span className="dim">{say('live.none')}</span>
        )}
      </div>
    </div>
  );
}

type Status = 'connecting' | 'playing' | 'failed' | 'unsupported';

function Moving({ channelId, onClose }: { readonly channelId: string; readonly onClose: () => void }) {
  const say = useTexts(recordingTexts);
  const video = useRef<HTMLVideoElement>(null);
  const [status, setStatus] = useState<Status>('connecting');
  const [muted, setMuted] = useState(true);
  useEffect(() => {
    let ended = false;
    let stop: (() => void) | undefined;
    void import('./live-stream.ts')
      .then(({ playLive }) => {
        if (ended || !video.current) return;
        stop = playLive(
          video.current,
          new URL(`${channelPath(channelId)}/preview`, location.href).href,
          (next) => {
            if (!ended) setStatus(next);
          },
        );
      })
      .catch(() => !ended && setStatus('failed'));
    return () => {
      ended = true;
      stop?.();
    };
  }, [channelId]);
  return (
    <div className={classes.player}>
      <div className={classes.screen}>
        <video
          ref={video}
          className={classes.video}
          muted={muted}
          playsInline
          aria-label={say('live.preview')}
        />
      </div>
      <div className={classes.bar}>
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={14} aria-hidden="true" />}
          onClick={onClose}
        >
          {say('live.close')}
        </Button>
        <Button
          variant="subtle"
          leftSection={
            muted ? (
              <IconVolumeOff size={14} aria-hidden="true" />
            ) : (
              <IconVolume size={14} aria-hidden="true" />
            )
          }
          onClick={() => setMuted(!muted)}
        >
          {say(muted ? 'live.unmute' : 'live.mute')}
        </Button>
        <span className="dim" role="status">
          {status !== 'playing' && say(`live.${status}`)}
        </span>
      </div>
    </div>
  );
}
