import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useFormat } from '../format/index.ts';
import classes from './load-curve.module.css';

export interface CurveSeries {
  readonly label: string;
  /** One value per moment; null where nothing was measured: the line has a hole there and is not drawn through. */
  readonly values: readonly (number | null)[];
}

interface LoadCurveProps {
  readonly title: string;
  /** Milliseconds since 1970, growing. */
  readonly times: readonly number[];
  readonly series: readonly CurveSeries[];
  /** How a value is written, with its unit. */
  readonly unit: (value: number | null) => string;
  /** Amounts of bytes get ticks at binary multiples. */
  readonly binary?: boolean;
  /** Upper end of the scale; without it, the largest value with some room. */
  readonly max?: number;
  readonly height?: number;
}

/** 1, 2, 4 … of every unit up to pebibytes. */
const binarySteps = Array.from({ length: 51 }, (_, power) => 2 ** power);

const strokes = ['--chart-1', '--chart-2', '--chart-3', '--chart-4'] as const;

function readToken(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A curve of load over time. The newest value stands beside the title in words; the picture is for the shape. */
export function LoadCurve({ title, times, series, unit, binary = false, max, height = 110 }: LoadCurveProps) {
  const scheme = useComputedColorScheme('dark');
  const format = useFormat();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const unitRef = useRef(unit);
  unitRef.current = unit;
  const formatRef = useRef(format);
  formatRef.current = format;
  const labels = series.map((one) => one.label).join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new scheme means new colours, and uPlot keeps those it was made with
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const grid = { stroke: readToken('--chart-grid'), width: 1 };
    const axis = {
      stroke: readToken('--text-faint'),
      font: '11px system-ui, sans-serif',
      grid,
      ticks: { show: false },
    };
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        padding: [8, 4, 0, 0],
        legend: { show: false },
        cursor: { drag: { setScale: false, x: false, y: false }, points: { size: 5 } },
        scales: {
          x: { time: true },
          y: { range: (_plot, _min, top) => [0, max ?? Math.max(top * 1.15, 1e-9)] },
        },
        axes: [
          {
            ...axis,
            size: 22,
            space: 70,
            values: (_plot, splits) => splits.map((s) => formatRef.current.timeOfDay(s * 1000).slice(0, 5)),
          },
          {
            ...axis,
            size: 66,
            space: 34,
            ...(binary ? { incrs: binarySteps } : {}),
            values: (_plot, splits) => splits.map((value) => unitRef.current(value)),
          },
        ],
        series: [
          {},
          ...labels.split('\n').map((label, index) => ({
            label,
            stroke: readToken(strokes[index % strokes.length] ?? '--chart-1'),
            width: 1.5,
            points: { show: false },
            spanGaps: false,
            ...(index === 0 ? { fill: `${readToken('--chart-1')}1f` } : {}),
          })),
        ],
      },
      [[], ...labels.split('\n').map(() => [])],
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [scheme, labels, height, max, binary]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after a rebuild (scheme, labels) the new plot needs the data, too
  useEffect(() => {
    plot.current?.setData([times.map((at) => at / 1000), ...series.map((one) => [...one.values])]);
  }, [times, series, scheme, labels, height, max, binary]);

  const newest = series.map((one) => ({ label: one.label, text: unit(one.values.at(-1) ?? null) }));
  return (
    <figure className={classes.curve}>
      <figcaption className={classes.caption}>
        <span className={classes.title}>{title}</span>
        {newest.map(({ label, text }, index) => (
          <span key={label} className={classes.value}>
            {series.length > 1 && (
              <span
                className={classes.key}
                style={{ background: `var(${strokes[index % strokes.length]})` }}
                aria-hidden="true"
              />
            )}
            {series.length > 1 && <span className="dim">{label}</span>} {text}
          </span>
        ))}
      </figcaption>
      <div ref={host} className={classes.plot} style={{ height }} aria-hidden="true" />
    </figure>
  );
}
