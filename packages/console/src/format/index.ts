export { formatBytes, formatRate } from './bytes.ts';
export { formatClock, formatDuration } from './duration.ts';
export { formatCount, formatNumber, formatPercent } from './number.ts';
export { formatMoment, formatRelative, formatTimeOfDay, toMs } from './time.ts';
export { type Format, useFormat } from './use-format.ts';
