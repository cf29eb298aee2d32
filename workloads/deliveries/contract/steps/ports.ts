import type { FileValue, PortValue, StepInput } from '@backlot/contract';
import { Copy } from '../copy.ts';

/** The file at a port. @throws Error when it is not there, which the check of the flow rules out */
export function fileIn(input: Pick<StepInput, 'inputs'>, port = 'file'): FileValue {
  const value = input.inputs[port];
  if (value?.type !== 'file') throw new Error('The step has no file.');
  return value.file;
}

/** @throws Error when what arrives is no copy */
export function copyIn(input: Pick<StepInput, 'inputs'>): Copy {
  const value = input.inputs.copy;
  const parsed = Copy.safeParse(value?.type === 'data' ? value.data : undefined);
  if (parsed.success) return parsed.data;
  throw new Error(
    'What arrives at "copy" is not what an upload gives. Connect it to the upload’s output "copy".',
  );
}

export function data(value: unknown): PortValue {
  return { type: 'data', data: value as Extract<PortValue, { type: 'data' }>['data'] };
}
