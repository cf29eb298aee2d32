import { writeFile } from 'node:fs/promises';
import type { Clock } from '@backlot/contract/clock';
import { Canvas } from '../demo/canvas.ts';
import { readFrameNumber } from '../demo/frame-code.ts';
import { Painter } from '../demo/painter.ts';
import { Scene } from '../demo/scene.ts';
import { type PeerConnection, type VideoFrame, type VideoSink, wrtc } from '../webrtc/wrtc.ts';
import { PlayerConnection, type PlayerOptions } from './player-connection.ts';
import type { PeerRequest, PeerResult } from './request.ts';
import { toPng } from './thumbnail.ts';

type Fault = Extract<PeerResult, { ok: false }>['fault'];
type Outcome = { readonly ok: true; readonly width?: number; readonly height?: number } | Failed;
interface Failed {
  readonly ok: false;
  readonly fault: Fault;
  readonly detail: string;
}

const failed = (fault: Fault, detail: string): Failed => ({ ok: false, fault, detail: detail.slice(0, 500) });

/** The first frame after a start is often grey; this many are let pass when more come. */
const framesToSkip = 2;
/** How long to wait for those. A picture that never changes is sent once. */
const skipMs = 700;

/** Does what was asked; how long it took is for the caller to measure. */
export function runErrand(request: PeerRequest, clock: Clock): Promise<Outcome> {
  switch (request.kind) {
    case 'probe':
      return probe(clock, request.deadlineMs);
    case 'message':
      return sendMessage(request, clock);
    case 'thumbnail':
      return takeThumbnail(request, clock);
  }
}

/** Joins, and leaves in any case. `finish` may be called once; what happened so far names the fault at the deadline. */
function asPlayer(
  request: { readonly url: string; readonly deadlineMs: number },
  clock: Clock,
  use: (finish: (outcome: Outcome) => void) => Omit<PlayerOptions, 'url' | 'clock'> & { fault(): Fault },
): Promise<Outcome> {
  return new Promise((resolve) => {
    let connection: PlayerConnection | undefined;
    let closedWith = '';
    const finish = (outcome: Outcome) => {
      cancel();
      connection?.close();
      resolve(outcome);
    };
    const { fault, ...options } = use(finish);
    const cancel = clock.after(request.deadlineMs, () =>
      finish(failed(connection?.state === 'connected' ? fault() : 'no_connection', closedWith)),
    );
    connection = new PlayerConnection({
      ...options,
      url: request.url,
      clock,
      onSocketClosed(code, reason) {
        closedWith = `${code} ${reason}`.trim();
        if (connection?.state !== 'connected') finish(failed('no_connection', closedWith));
      },
    });
  });
}

function sendMessage(
  { type, text, acknowledge, ...request }: Extract<PeerRequest, { kind: 'message' }>,
  clock: Clock,
): Promise<Outcome> {
  return asPlayer(request, clock, (finish) => {
    let opened = false;
    return {
      fault: () => (opened ? 'no_answer' : 'no_channel'),
      onChannel(player) {
        // Said once: an application that is slow to answer must not begin its reset again and again.
        opened ||= player.say(type, [text]);
      },
      onMessage(message) {
        if (!opened || message.type !== 'Response') return;
        if (acknowledge === null || message.text.includes(acknowledge)) finish({ ok: true });
      },
    };
  });
}

function takeThumbnail(
  { width, file, ...request }: Extract<PeerRequest, { kind: 'thumbnail' }>,
  clock: Clock,
): Promise<Outcome> {
  return asPlayer(request, clock, (finish) => {
    let seen = 0;
    let newest: VideoFrame | undefined;
    let taken = false;
    const take = () => {
      if (taken || !newest) return;
      taken = true;
      const picture = toPng(newest, width);
      writeFile(file, picture.bytes).then(
        () => finish({ ok: true, width: picture.width, height: picture.height }),
        (error: Error) => finish(failed('no_picture', error.message)),
      );
    };
    return {
      fault: () => 'no_picture',
      onFrame(frame) {
        newest = frame;
        seen += 1;
        if (seen === 1) clock.after(skipMs, take);
        if (seen > framesToSkip) take();
      },
    };
  });
}

/** Two connections in this process, a numbered picture through a real encoder and decoder. */
async function probe(clock: Clock, deadlineMs: number): Promise<Outcome> {
  const [from, to] = [new wrtc.RTCPeerConnection({}), new wrtc.RTCPeerConnection({})];
  const source = new wrtc.nonstandard.RTCVideoSource();
  const canvas = new Canvas(320, 180);
  const painter = new Painter(canvas.width, canvas.height);
  let sink: VideoSink | undefined;
  let frame = 0;
  const drawing = setInterval(() => {
    frame += 1;
    const caption = { frame, now: clock.now(), name: 'PROBE', viewers: 1, resets: 0, black: false };
    source.onFrame(painter.paint(new Scene(), caption));
  }, 50);
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      clock.after(deadlineMs, () => resolve(failed('no_picture', `connection is ${to.connectionState}`)));
      to.ontrack = ({ track }) => {
        sink = new wrtc.nonstandard.RTCVideoSink(track);
        sink.onframe = ({ frame: { width, height, data } }) => {
          if (readFrameNumber(width, height, (x, y) => data[y * width + x] ?? 0) === undefined) return;
          resolve({ ok: true, width, height });
        };
      };
      const stream = new wrtc.MediaStream();
      const track = source.createTrack();
      stream.addTrack(track);
      from.addTrack(track, stream);
      connect(from, to).catch(reject);
    });
  } finally {
    clearInterval(drawing);
    sink?.stop();
    from.close();
    to.close();
  }
}

async function connect(from: PeerConnection, to: PeerConnection): Promise<void> {
  from.onicecandidate = ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => {});
  to.onicecandidate = ({ candidate }) => candidate && from.addIceCandidate(candidate).catch(() => {});
  const offer = await from.createOffer();
  await from.setLocalDescription(offer);
  await to.setRemoteDescription(offer);
  const answer = await to.createAnswer();
  await to.setLocalDescription(answer);
  await from.setRemoteDescription(answer);
}
