import { FrameRange, type PictureFormat, parseFrames } from '../../contract/frames.ts';
import type { ModelFacts } from '../../contract/model.ts';
import type { CameraWish, Engine, PresetName, RenderSettingsInput, UpAxis } from '../../contract/settings.ts';

/** What the form holds: every choice of every kind of render, so that switching between kinds loses nothing. */
export interface Draft {
  readonly kind: 'still' | 'turntable' | 'animation';
  readonly stillFrame: number | '';
  readonly turntableFrames: number;
  readonly range: string;
  readonly fps: number | '';
  readonly film: boolean;
  readonly preset: PresetName;
  readonly width: number | '';
  readonly height: number | '';
  readonly samples: number | '';
  readonly engine: Engine;
  readonly device: 'cpu' | 'gpu';
  readonly format: PictureFormat;
  readonly depth: 8 | 16;
  readonly transparent: boolean;
  readonly camera: CameraWish;
  readonly light: 'auto' | 'studio' | 'scene';
  readonly floor: 'auto' | 'on' | 'shadow' | 'off';
  readonly upAxis: UpAxis;
  readonly denoise: 'auto' | 'on' | 'off';
}

export const emptyDraft: Draft = {
  kind: 'still',
  stillFrame: '',
  turntableFrames: 36,
  range: '',
  fps: '',
  film: true,
  preset: 'draft',
  width: '',
  height: '',
  samples: '',
  engine: 'cycles',
  device: 'cpu',
  format: 'png',
  depth: 8,
  transparent: false,
  camera: { mode: 'auto' },
  light: 'auto',
  floor: 'auto',
  upAxis: 'auto',
  denoise: 'auto',
};

/** Whether what stands in the range field is a frame range; empty means the file's own. */
export function rangeIsGood(range: string): boolean {
  return range.trim() === '' || FrameRange.safeParse(range).success;
}

/** The draft as the API takes it: only what was chosen, so that the preset decides the rest. */
export function settingsOf(draft: Draft): RenderSettingsInput {
  return {
    subject: subjectOf(draft),
    preset: draft.preset,
    ...(draft.width === '' ? {} : { width: draft.width }),
    ...(draft.height === '' ? {} : { height: draft.height }),
    ...(draft.samples === '' ? {} : { samples: draft.samples }),
    engine: draft.engine,
    device: draft.device,
    format: draft.format,
    ...(draft.format === 'png' ? { depth: draft.depth } : {}),
    // JPEG has no transparency.
    transparent: draft.transparent && draft.format !== 'jpeg',
    camera: draft.camera,
    light: draft.light,
    floor: draft.floor,
    upAxis: draft.upAxis,
    denoise: draft.denoise,
    film: draft.film,
  };
}

function subjectOf(draft: Draft): RenderSettingsInput['subject'] {
  const fps = draft.fps === '' ? {} : { fps: draft.fps };
  switch (draft.kind) {
    case 'still':
      return { kind: 'still', ...(draft.stillFrame === '' ? {} : { frame: draft.stillFrame }) };
    case 'turntable':
      return { kind: 'turntable', frames: draft.turntableFrames, ...fps };
    case 'animation':
      return {
        kind: 'animation',
        ...(draft.range.trim() === '' ? {} : { frames: draft.range.trim() }),
        ...fps,
      };
  }
}

/** How many pictures that makes, as far as the page can know: a file's own range needs its facts. */
export function frameCount(draft: Draft, facts: ModelFacts | null): number | undefined {
  if (draft.kind === 'still') return 1;
  if (draft.kind === 'turntable') return draft.turntableFrames;
  if (draft.range.trim() !== '') return parseFrames(draft.range.trim())?.length;
  if (!facts) return undefined;
  const { first, last, step } = facts.animation;
  return Math.floor((last - first) / step) + 1;
}

/** The draft that would make these settings: to render something again with changes. */
export function draftOf(settings: RenderSettingsInput): Draft {
  const { subject } = settings;
  return {
    ...emptyDraft,
    kind: subject?.kind ?? 'still',
    stillFrame: subject?.kind === 'still' ? (subject.frame ?? '') : '',
    turntableFrames: subject?.kind === 'turntable' ? (subject.frames ?? 36) : 36,
    range: subject?.kind === 'animation' ? (subject.frames ?? '') : '',
    fps: subject && subject.kind !== 'still' ? (subject.fps ?? '') : '',
    film: settings.film ?? true,
    preset: settings.preset ?? 'draft',
    width: settings.width ?? '',
    height: settings.height ?? '',
    samples: settings.samples ?? '',
    engine: settings.engine ?? 'cycles',
    device: settings.device ?? 'cpu',
    format: settings.format ?? 'png',
    depth: settings.depth ?? 8,
    transparent: settings.transparent ?? false,
    camera: settings.camera ?? { mode: 'auto' },
    light: settings.light ?? 'auto',
    floor: settings.floor ?? 'auto',
    upAxis: settings.upAxis ?? 'auto',
    denoise: settings.denoise ?? 'auto',
  };
}
