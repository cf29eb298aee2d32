import type { TextKey } from '../texts.ts';
import { useWords } from '../texts.ts';
import classes from './field.module.css';

interface DeviceChoiceProps {
  readonly kind: 'camera' | 'microphone' | 'speaker';
  readonly devices: readonly MediaDeviceInfo[];
  readonly value: string | null;
  readonly onChoose: (deviceId: string | null) => void;
}

const kinds = { camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' } as const;

/** Which device; names are known once the browser has let the page use one. Nothing when there is no choice. */
export function DeviceChoice({ kind, devices, value, onChoose }: DeviceChoiceProps) {
  const { say } = useWords();
  const own = devices.filter(
    (device) => device.kind === kinds[kind] && device.deviceId !== '' && device.deviceId !== 'default',
  );
  if (own.length === 0) return null;
  const known = own.some((device) => device.deviceId === value);
  return (
    <label className={classes.field}>
      <span>{say(kind as TextKey)}</span>
      <select
        value={known ? (value ?? '') : ''}
        onChange={(event) => onChoose(event.currentTarget.value === '' ? null : event.currentTarget.value)}
      >
        <option value="">{say('device.default')}</option>
        {own.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || say('device.unnamed', { n: index + 1 })}
          </option>
        ))}
      </select>
    </label>
  );
}
