import { useEffect, useRef, useState } from 'react';

/** Loudness of a track, 0..1, some times a second; 0 without one. */
export function useLevel(track: MediaStreamTrack | null): number {
  const [level, setLevel] = useState(0);
  const last = useRef(0);
  useEffect(() => {
    if (!track || typeof AudioContext === 'undefined') {
      setLevel(0);
      return;
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const decibels = 10 * Math.log10(sum / samples.length + 1e-9);
      // -60 dB is silence in a room, -12 dB is loud speech; falling slower than rising reads better.
      const now = Math.min(1, Math.max(0, (decibels + 60) / 48));
      last.current = Math.max(now, last.current - 0.08);
      setLevel(Math.round(last.current * 50) / 50);
    }, 60);
    return () => {
      clearInterval(timer);
      source.disconnect();
      void context.close();
    };
  }, [track]);
  return level;
}
