import { useContext } from 'react';
import { LookContext, type Scheme } from '../model/look.ts';
import type { RoomSession } from '../model/room-session.ts';
import { useStore } from '../model/store.ts';
import { DeviceChoice } from '../parts/device-choice.tsx';
import field from '../parts/field.module.css';
import { type PageLanguage, type TextKey, useWords } from '../texts.ts';
import { roomKeys } from './keys.ts';
import classes from './settings-panel.module.css';

/** Devices, language, appearance, and the keys that do things. */
export function SettingsPanel({ session }: { readonly session: RoomSession }) {
  const { say } = useWords();
  const { media } = session;
  const { camera, microphone, speakerId, devices } = useStore(media);
  return (
    <div className={classes.settings}>
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
      <LookChoices />
      <section aria-label={say('settings.keys')}>
        <h3>{say('settings.keys')}</h3>
        <dl className={classes.keys}>
          {roomKeys.map(({ key, says }) => (
            <div key={key}>
              <dt>{say(says)}</dt>
              <dd>
                <kbd>{key.toUpperCase()}</kbd>
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}

/** Language and appearance, also before one has joined. */
export function LookChoices() {
  const { say, language } = useWords();
  const look = useContext(LookContext);
  return (
    <>
      <label className={field.field}>
        <span>{say('settings.language')}</span>
        <select
          value={language}
          onChange={(event) => look.setLanguage(event.currentTarget.value as PageLanguage)}
        >
          <option value="en">English</option>
          <option value="zh-CN">简体中文</option>
        </select>
      </label>
      <label className={field.field}>
        <span>{say('settings.scheme')}</span>
        <select value={look.scheme} onChange={(event) => look.setScheme(event.currentTarget.value as Scheme)}>
          {(['auto', 'light', 'dark'] as const).map((scheme) => (
            <option key={scheme} value={scheme}>
              {say(`scheme.${scheme}` as TextKey)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
