import type { Constraints, FileValue, PortValue, StepInput, TaskInput } from '@backlot/contract';
import { names } from '../tasks.ts';

/** The file that comes in by a port. The engine has checked that a required one is there. */
export function fileIn(input: Pick<StepInput<unknown>, 'inputs'>, port: string): FileValue | undefined {
  const value = input.inputs[port];
  return value?.type === 'file' ? value.file : undefined;
}

/** @throws Error when it is not there, which the check of the flow rules out */
export function filmIn(input: Pick<StepInput<unknown>, 'inputs'>): FileValue {
  const film = fileIn(input, 'film');
  if (!film) throw new Error('The step has no film.');
  return film;
}

export function sourceOf({ digest, size }: FileValue): TaskInput {
  return { name: names.source, digest, size };
}

/** The step runs where its film is, when there is room. */
export function nearTo(film: FileValue, features: readonly string[] = []): Partial<Constraints> {
  const { holders = [] } = film;
  return {
    capabilities: [{ name: 'ffmpeg', features: ['ffprobe', ...features] }],
    ...(holders.length > 0 ? { prefer: [...holders] } : {}),
  };
}

export function data(value: Record<string, unknown> | null): PortValue {
  return { type: 'data', data: (value ?? {}) as Extract<PortValue, { type: 'data' }>['data'] };
}

/** The port of a film that came out, if one did. */
export function filmOut(outputs: readonly FileValue[]): Record<string, PortValue> {
  const film = outputs.find(({ kind }) => kind === 'film');
  return film ? { film: { type: 'file', file: film } } : {};
}
