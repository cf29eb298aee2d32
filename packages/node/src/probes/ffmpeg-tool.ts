import type { Capability } from '@backlot/contract/capability';

/** ffmpeg or ffprobe of this node, as its probe found it; undefined when there is none. */
export function ffmpegTool(
  capabilities: readonly Capability[],
  tool: 'ffmpeg' | 'ffprobe',
): string | undefined {
  const found = capabilities.find((capability) => capability.name === 'ffmpeg');
  if (!found) return undefined;
  const { path, ffprobe } = found.details;
  if (tool === 'ffmpeg') return typeof path === 'string' ? path : 'ffmpeg';
  if (typeof ffprobe === 'string') return ffprobe;
  return typeof path === 'string' ? path.replace(/ffmpeg(\.exe)?$/, 'ffprobe$1') : 'ffprobe';
}
