import { Section, useTexts } from '@backlot/console/workload';
import type { Artifact } from '@backlot/contract/api/artifacts';
import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import { contentPath } from '../queries.ts';
import { broadcastTexts } from '../texts.ts';
import { useChatChoices } from './chat/chat-choices.ts';
import { chatOf } from './chat/chat-of.ts';
import { ChatOver } from './chat/chat-over.tsx';
import { ChatPanel } from './chat/chat-panel.tsx';
import classes from './film.module.css';

/** The joined film, played from where its bytes are: a browser asks for the ranges that it needs. Beside it, its chat. */
export function Film({ files }: { readonly files: readonly Artifact[] }) {
  const say = useTexts(broadcastTexts);
  const films = files.filter(({ mediaType }) => mediaType.startsWith('video/'));
  const [chosen, setChosen] = useState<string | null>(null);
  const [broken, setBroken] = useState<string>();
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [choices, choose] = useChatChoices();
  const film = films.find(({ id }) => id === chosen) ?? films[0];
  if (!film) return null;
  const chat = chatOf(film, files);
  return (
    <Section title={say('player.title')}>
      <div className={classes.film}>
        {films.length > 1 && (
          <Select
            aria-label={say('player.which')}
            allowDeselect={false}
            w={320}
            maw="100%"
            data={films.map(({ id, name }) => ({ value: id, label: name }))}
            value={film.id}
            onChange={setChosen}
          />
        )}
        <div className={classes.both} data-chat={chat ? true : undefined}>
          {broken === film.id ? (
            <div>
              <p className="dim">{say('player.away')}</p>
              <Button variant="default" onClick={() => setBroken(undefined)}>
                {say('player.again')}
              </Button>
            </div>
          ) : (
            <div className={classes.picture}>
              {/* biome-ignore lint/a11y/useMediaCaption: a recording of somebody else's stream has no captions */}
              <video
                key={film.id}
                ref={setVideo}
                src={contentPath(film.id)}
                controls
                playsInline
                preload="metadata"
                aria-label={film.name}
                onError={() => setBroken(film.id)}
              />
              {chat && video && choices.over && (
                <ChatOver artifactId={chat.id} video={video} hidden={choices.hidden} />
              )}
            </div>
          )}
          {chat && (
            <div className={classes.chat}>
              <ChatPanel key={chat.id} artifactId={chat.id} video={video} choices={choices} choose={choose} />
            </div>
          )}
        </div>
      </div>
    </Section>
  );
}
