import { Ago, Link, Thumbnail, Until, useReason, useTexts } from '@backlot/console/workload';
import { useEffect, useRef } from 'react';
import type { Channel } from '../../contract/channel.ts';
import { thumbnailOf } from '../queries.ts';
import { ChannelActions } from '../shared/channel-actions.tsx';
import { Loss, Ratio, useBitrate } from '../shared/figures.tsx';
import { ChannelBadge } from '../shared/states.tsx';
import { recordingTexts } from '../texts.ts';
import classes from './channel-wall.module.css';

interface ChannelWallProps {
  readonly channels: readonly Channel[];
  readonly onEnd: () => void;
}

/** Channels as pictures, with what an operator looks for below each. */
export function ChannelWall({ channels, onEnd }: ChannelWallProps) {
  const end = useRef<HTMLLIElement>(null);
  const reached = useRef(onEnd);
  reached.current = onEnd;
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && reached.current(),
      { rootMargin: '600px' },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return (
    <ul className={classes.wall}>
      {channels.map((channel) => (
        <Tile key={channel.id} channel={channel} />
      ))}
      <li ref={end} className={classes.end} aria-hidden="true" />
    </ul>
  );
}

function Tile({ channel }: { readonly channel: Channel }) {
  const say = useTexts(recordingTexts);
  const bitrate = useBitrate();
  const { settings, live, state } = channel;
  const isLive = state === 'live';
  return (
    <li className={classes.tile}>
      <Link to={`/recordings/channels/${channel.id}`} className={classes.link}>
        <span className={classes.screen}>
          <Thumbnail address={thumbnailOf(channel)} alt={say('picture', { name: settings.name })} />
        </span>
        <span className={classes.name}>{settings.name}</span>
      </Link>
      <div className={classes.line}>
        <ChannelBadge channel={channel} />
        {isLive ? (
          <span className={classes.figures}>
            <span>{bitrate(live?.bitrate)}</span>
            <Ratio live={live} />
            {(live?.lossMs ?? 0) > 0 && <Loss ms={live?.lossMs} />}
          </span>
        ) : (
          <span className="dim">
            {channel.nextAt !== null ? (
              <>
                {say('col.next')} <Until at={channel.nextAt} />
              </>
            ) : channel.lastLiveAt !== null ? (
              <Ago at={channel.lastLiveAt} />
            ) : null}
          </span>
        )}
      </div>
      <div className={classes.line}>
        <Words channel={channel} />
        <span className={classes.acts}>
          <ChannelActions channel={channel} />
        </span>
      </div>
    </li>
  );
}

/** The title while it is live; why not, while it is not. */
function Words({ channel }: { readonly channel: Channel }) {
  const sentence = useReason();
  const text =
    channel.state === 'live'
      ? (channel.title ?? channel.address)
      : channel.reason
        ? sentence(channel.reason)
        : channel.address;
  return (
    <span className={classes.words} title={text}>
      {text}
    </span>
  );
}
