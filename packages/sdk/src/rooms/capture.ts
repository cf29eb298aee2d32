import { RoomError } from './errors.ts';

/** Camera, microphone and screen of this browser, with errors that a page can put into words. */

export interface CameraOptions {
  readonly deviceId?: string;
  /** What is asked of the camera; it gives what it can. 1280 × 720 at 30 frames per second when left out. */
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
}

export interface MicrophoneOptions {
  readonly deviceId?: string;
  /** Echo cancellation, noise suppression and automatic gain; on unless music is to be heard as it is. */
  readonly processing?: boolean;
}

export interface ScreenOptions {
  /** Sound of the tab or machine, where the browser can. */
  readonly audio?: boolean;
}

/** @throws RoomError `device` with the browser's name of the failure, or `unsupported`. */
export async function captureCamera(options: CameraOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, width = 1280, height = 720, frameRate = 30 } = options;
  const stream = await getUserMedia({
    video: {
      width: { ideal: width },
      height: { ideal: height },
      frameRate: { ideal: frameRate },
      ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
    },
  });
  return theTrack(stream, 'video');
}

/** @throws RoomError as {@link captureCamera}. */
export async function captureMicrophone(options: MicrophoneOptions = {}): Promise<MediaStreamTrack> {
  const { deviceId, processing = true } = options;
  const stream = await getUserMedia({
    audio: {
      echoCancellation: processing,
      noiseSuppression: processing,
      autoGainControl: processing,
      ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
    },
  });
  return theTrack(stream, 'audio');
}

export interface CapturedScreen {
  readonly video: MediaStreamTrack;
  readonly audio: MediaStreamTrack | undefined;
}

/** Must be called by a click. @throws RoomError as {@link captureCamera}; `NotAllowedError` when the person cancels. */
export async function captureScreen(options: ScreenOptions = {}): Promise<CapturedScreen> {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices?.getDisplayMedia) {
    throw new RoomError('unsupported', 'This browser can’t share its screen.', { reason: 'screen' });
  }
  const stream = await devices
    .getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: options.audio ?? false })
    .catch((error: unknown) => {
      throw deviceError(error);
    });
  const video = theTrack(stream, 'video');
  // Text must stay sharp; when bits are short, frames are what can be missed.
  if ('contentHint' in video) video.contentHint = 'detail';
  return { video, audio: stream.getAudioTracks()[0] };
}

async function getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices?.getUserMedia) {
    throw new RoomError(
      'unsupported',
      'Camera and microphone are only available on pages that came over https or from this machine.',
      { reason: 'insecure' },
    );
  }
  return devices.getUserMedia(constraints).catch((error: unknown) => {
    throw deviceError(error);
  });
}

function theTrack(stream: MediaStream, kind: 'audio' | 'video'): MediaStreamTrack {
  const track = stream.getTracks().find((one) => one.kind === kind);
  if (!track) throw new RoomError('device', `The device gave no ${kind}.`, { reason: 'NotFoundError' });
  return track;
}

function deviceError(error: unknown): RoomError {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return new RoomError('device', message || name, { reason: name, cause: error });
}
