import { IconMicrophone, IconMicrophoneOff, IconVideo, IconVideoOff } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { recall } from '../model/kept.ts';
import type { DeviceKind, LocalMedia } from '../model/local-media.ts';
import { sayDeviceProblem } from '../model/problem.ts';
import { useStore } from '../model/store.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { DeviceChoice } from '../parts/device-choice.tsx';
import field from '../parts/field.module.css';
import { LevelBar } from '../parts/level-bar.tsx';
import { LocalVideo } from '../parts/video.tsx';
import { LookChoices } from '../room/settings-panel.tsx';
import { useWords } from '../texts.ts';
import classes from './join-page.module.css';

interface JoinPageProps {
  readonly room: string;
  readonly media: LocalMedia;
  /** The name that the invitation was made out to. */
  readonly invitedAs: string;
  readonly busy: boolean;
  /** Why the last try failed, in words. */
  readonly problem: string | null;
  readonly onJoin: (name: string) => void;
}

/** Before the room: how one looks and sounds, under which name, with which devices. */
export function JoinPage({ room, media, invitedAs, busy, problem, onJoin }: JoinPageProps) {
  const { say } = useWords();
  const [name, setName] = useState(recall('name') ?? invitedAs);
  const { camera, microphone, devices, speakerId } = useStore(media);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== '' && !busy) onJoin(name.trim());
  };
  const toggle = (kind: DeviceKind) => void media.setOn(kind, !media.get()[kind].on);
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <section className={classes.preview} aria-label={say('camera')}>
          {camera.track ? (
            <LocalVideo track={camera.track} mirrored className={classes.picture} label={say('camera')} />
          ) : (
            <p className={classes.off}>{say(camera.on ? 'preview.starting' : 'preview.off')}</p>
          )}
          <div className={classes.toggles}>
            <IconButton
              label={say(microphone.on ? 'mic.off' : 'mic.on')}
              look={microphone.on ? 'plain' : 'off'}
              icon={microphone.on ? <IconMicrophone size={20} /> : <IconMicrophoneOff size={20} />}
              onClick={() => toggle('microphone')}
            />
            <IconButton
              label={say(camera.on ? 'cam.off' : 'cam.on')}
              look={camera.on ? 'plain' : 'off'}
              icon={camera.on ? <IconVideo size={20} /> : <IconVideoOff size={20} />}
              onClick={() => toggle('camera')}
            />
          </div>
        </section>
        <form className={classes.form} onSubmit={submit}>
          <h1>{say('join.title', { room })}</h1>
          <label className={field.field}>
            <span>{say('join.name')}</span>
            <input
              value={name}
              maxLength={120}
              autoComplete="name"
              required
              // biome-ignore lint/a11y/noAutofocus: the one thing to do on this page
              autoFocus
              onChange={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <LevelBar track={microphone.on ? microphone.track : null} />
          <DeviceChoice
            kind="microphone"
            devices={devices}
            value={microphone.deviceId}
            onChoose={(id) => void media.choose('microphone', id)}
          />
          <DeviceChoice
            kind="camera"
            devices={devices}
            value={camera.deviceId}
            onChoose={(id) => void media.choose('camera', id)}
          />
          <DeviceChoice
            kind="speaker"
            devices={devices}
            value={speakerId}
            onChoose={(id) => media.chooseSpeaker(id)}
          />
          {(['microphone', 'camera'] as const).map((kind) => {
            const { problem: wrong } = media.get()[kind];
            if (wrong === null) return null;
            return (
              <p key={kind} className={classes.problem} role="status">
                {sayDeviceProblem(wrong, say(kind), say)}
              </p>
            );
          })}
          {problem !== null && (
            <p className={classes.problem} data-severe role="alert">
              {problem}
            </p>
          )}
          <Button look="main" type="submit" disabled={busy || name.trim() === ''}>
            {say(busy ? 'join.doing' : 'join.do')}
          </Button>
          <p className="dim">
            {name.trim() === ''
              ? say('join.needsName')
              : !camera.on && !microphone.on
                ? say('join.silent')
                : ''}
          </p>
        </form>
      </div>
      <div className={classes.look}>
        <LookChoices />
      </div>
    </main>
  );
}
