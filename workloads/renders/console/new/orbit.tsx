import { useTexts } from '@backlot/console/workload';
import type { KeyboardEvent, PointerEvent } from 'react';
import { renderTexts } from '../texts.ts';
import classes from './orbit.module.css';
import { angleAt, clampElevation, normalizeAzimuth, placeOnOrbit } from './orbit-angles.ts';

interface OrbitProps {
  /** Degrees about the model: 0 looks at its front, 90 at its right side. */
  readonly azimuth: number;
  /** Degrees above the horizon. */
  readonly elevation: number;
  readonly onChange: (azimuth: number, elevation: number) => void;
}

/**
 * Where the camera stands, seen from above: direction is the angle about the model, distance from the middle is the
 * height (the rim is the horizon, the middle is straight above).
 */
export function Orbit({ azimuth, elevation, onChange }: OrbitProps) {
  const say = useTexts(renderTexts);
  const point = placeOnOrbit(azimuth, elevation);
  const move = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const next = angleAt(
      ((event.clientX - box.left) / box.width) * 2 - 1,
      ((event.clientY - box.top) / box.height) * 2 - 1,
    );
    onChange(next.azimuth, next.elevation);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 15 : 5;
    const by: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const turn = by[event.key];
    if (!turn) return;
    event.preventDefault();
    onChange(normalizeAzimuth(azimuth + turn[0]), clampElevation(elevation + turn[1]));
  };
  const text = `${say('azimuth')} ${azimuth}°, ${say('elevation')} ${elevation}°`;
  return (
    <div
      className={classes.orbit}
      role="slider"
      tabIndex={0}
      aria-label={say('orbit')}
      aria-valuemin={-180}
      aria-valuemax={180}
      aria-valuenow={azimuth}
      aria-valuetext={text}
      onKeyDown={onKeyDown}
    >
      <svg
        viewBox="-1.15 -1.15 2.3 2.3"
        className={classes.dial}
        aria-hidden="true"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          move(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) move(event);
        }}
      >
        <circle r="1" className={classes.rim} />
        <circle r="0.5" className={classes.ring} />
        <path d="M0 -1V1M-1 0H1" className={classes.ring} />
        <rect x="-0.16" y="-0.16" width="0.32" height="0.32" rx="0.04" className={classes.model} />
        <path d="M-0.08 0.24H0.08L0 0.34Z" className={classes.front} />
        <line x2={point.x} y2={point.y} className={classes.ray} />
        <circle cx={point.x} cy={point.y} r="0.1" className={classes.camera} />
      </svg>
      <span>{text}</span>
    </div>
  );
}
