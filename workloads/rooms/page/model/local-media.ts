import { captureCamera, captureMicrophone } from '@backlot/sdk/rooms/capture';
import { recall, remember } from './kept.ts';
import { Store } from './store.ts';

export type DeviceKind = 'camera' | 'microphone';

/** One of one's own devices. */
export interface DeviceState {
  /** What the person wants; the track follows when it can be had. */
  readonly on: boolean;
  readonly busy: boolean;
  readonly track: MediaStreamTrack | null;
  /** Null: the system's default. */
  readonly deviceId: string | null;
  /** Why it can't be used. */
  readonly problem: unknown;
}

export interface LocalMediaState {
  readonly camera: DeviceState;
  readonly microphone: DeviceState;
  readonly speakerId: string | null;
  readonly devices: readonly MediaDeviceInfo[];
}

function initial(kind: DeviceKind): DeviceState {
  return {
    on: recall(`${kind}.on`) !== 'no',
    busy: false,
    track: null,
    deviceId: recall(`${kind}.device`),
    problem: null,
  };
}

/**
 * Camera and microphone before and in the room. A camera that is off is let go, so that its light goes out; a muted
 * microphone is kept, because getting it back takes the first word.
 */
export class LocalMedia extends Store<LocalMediaState> {
  readonly #turn: Record<DeviceKind, number> = { camera: 0, microphone: 0 };
  readonly #onDeviceChange = () => void this.#list();

  constructor() {
    super({
      camera: initial('camera'),
      microphone: initial('microphone'),
      speakerId: recall('speaker.device'),
      devices: [],
    });
  }

  /** Switches on what is wanted. */
  async start(): Promise<void> {
    navigator.mediaDevices?.addEventListener?.('devicechange', this.#onDeviceChange);
    const { camera, microphone } = this.get();
    // One after the other: browsers ask the person for each, and two questions at once hide each other.
    if (microphone.on) await this.#capture('microphone');
    if (camera.on) await this.#capture('camera');
    await this.#list();
  }

  async setOn(kind: DeviceKind, on: boolean): Promise<void> {
    remember(`${kind}.on`, on ? null : 'no');
    const { track } = this.get()[kind];
    this.#change(kind, { on, problem: null });
    if (on && !track) await this.#capture(kind);
    else if (!on && kind === 'camera') this.#drop(kind);
  }

  async choose(kind: DeviceKind, deviceId: string | null): Promise<void> {
    remember(`${kind}.device`, deviceId);
    this.#change(kind, { deviceId, problem: null });
    if (this.get()[kind].track) await this.#capture(kind);
  }

  chooseSpeaker(speakerId: string | null): void {
    remember('speaker.device', speakerId);
    this.update({ speakerId });
  }

  stop(): void {
    navigator.mediaDevices?.removeEventListener?.('devicechange', this.#onDeviceChange);
    this.#drop('camera');
    this.#drop('microphone');
  }

  async #capture(kind: DeviceKind): Promise<void> {
    const turn = ++this.#turn[kind];
    this.#change(kind, { busy: true });
    const { deviceId } = this.get()[kind];
    const capture = kind === 'camera' ? captureCamera : captureMicrophone;
    try {
      const track = await capture(deviceId === null ? {} : { deviceId });
      if (turn !== this.#turn[kind]) {
        track.stop(); // Switched off or chosen anew meanwhile.
        return;
      }
      this.get()[kind].track?.stop();
      track.addEventListener('ended', () => {
        if (this.get()[kind].track === track) this.#change(kind, { track: null, on: false, problem: 'gone' });
      });
      this.#change(kind, { track, busy: false, problem: null });
    } catch (problem) {
      if (turn !== this.#turn[kind]) return;
      this.#change(kind, { track: null, busy: false, on: false, problem });
    }
    await this.#list();
  }

  #drop(kind: DeviceKind): void {
    this.#turn[kind] += 1;
    this.get()[kind].track?.stop();
    this.#change(kind, { track: null, busy: false });
  }

  async #list(): Promise<void> {
    const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []);
    this.update({ devices: devices ?? [] });
  }

  #change(kind: DeviceKind, change: Partial<DeviceState>): void {
    this.update({ [kind]: { ...this.get()[kind], ...change } });
  }
}
