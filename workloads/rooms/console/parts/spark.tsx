import classes from './spark.module.css';

interface SparkProps {
  readonly values: readonly (number | null)[];
  /** Upper end of the scale. */
  readonly max: number;
  /** So many values fill the width; a shorter history begins at the right. */
  readonly length: number;
  /** The newest value in words. */
  readonly text: string;
  readonly tone?: 'good' | 'fair' | 'poor';
}

const width = 64;
const height = 18;

/** A curve as small as a word, with the newest value beside it. */
export function Spark({ values, max, length, text, tone = 'good' }: SparkProps) {
  return (
    <span className={classes.spark} data-tone={tone}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {linesOf(values, max, length).map((points) => (
          <polyline key={points} points={points} />
        ))}
      </svg>
      <span className={classes.text}>{text}</span>
    </span>
  );
}

/** Lines through what was measured, with holes where nothing was. Pure. */
export function linesOf(values: readonly (number | null)[], max: number, length: number): string[] {
  const shown = values.slice(-length);
  const lines: string[][] = [[]];
  shown.forEach((value, index) => {
    if (value === null) {
      lines.push([]);
      return;
    }
    const x = ((length - shown.length + index) / Math.max(1, length - 1)) * width;
    const y = height - 1 - (Math.min(max, Math.max(0, value)) / max) * (height - 2);
    lines.at(-1)?.push(`${x.toFixed(1)},${y.toFixed(1)}`);
  });
  return lines.filter((line) => line.length > 1).map((line) => line.join(' '));
}
