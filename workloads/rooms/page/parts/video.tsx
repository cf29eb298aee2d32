import type { RemoteTrack } from '@backlot/sdk/rooms';
import { useEffect, useRef } from 'react';

interface LocalVideoProps {
  readonly track: MediaStreamTrack;
  /** As in a mirror: for one's own face, never for a screen. */
  readonly mirrored?: boolean;
  readonly className?: string | undefined;
  /** Whose picture it is. */
  readonly label: string;
}

/** One's own picture. */
export function LocalVideo({ track, mirrored = false, className, label }: LocalVideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    video.srcObject = new MediaStream([track]);
    video.play().catch(() => undefined);
    return () => {
      video.srcObject = null;
    };
  }, [track]);
  return (
    <video
      ref={element}
      className={className}
      aria-label={label}
      data-mirrored={mirrored || undefined}
      muted
      playsInline
    />
  );
}

/** Somebody else's picture; how large it is drawn decides which layer is sent. */
export function RemoteVideo({
  track,
  className,
  label,
}: {
  readonly track: RemoteTrack;
  readonly className?: string | undefined;
  readonly label: string;
}) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => (element.current ? track.attach(element.current) : undefined), [track]);
  return (
    <video
      ref={element}
      className={className}
      muted
      playsInline
      aria-label={label}
      data-track={track.id}
      data-identity={track.identity}
      data-source={track.source}
    />
  );
}

type Sink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** Somebody's sound, out of the chosen loudspeaker. */
export function RemoteAudio({
  track,
  speakerId,
}: {
  readonly track: RemoteTrack;
  readonly speakerId: string | null;
}) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => (element.current ? track.attach(element.current) : undefined), [track]);
  useEffect(() => {
    const sink: Sink | null = element.current;
    // A loudspeaker that is gone leaves the sound where it was.
    sink?.setSinkId?.(speakerId ?? '').catch(() => undefined);
  }, [speakerId]);
  // biome-ignore lint/a11y/useMediaCaption: live speech has no captions here
  return <audio ref={element} autoPlay data-track={track.id} />;
}
