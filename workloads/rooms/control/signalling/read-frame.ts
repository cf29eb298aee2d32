import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import {
  ClientFrame,
  isMethod,
  type MethodData,
  type MethodName,
  maxFrameBytes,
  methods,
} from '../../contract/signalling.ts';

/** One message of a client; null: it is none of ours, and nobody can be answered. */
export function readFrame(text: string): ClientFrame | null {
  if (text.length > maxFrameBytes) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const frame = ClientFrame.safeParse(value);
  return frame.success ? frame.data : null;
}

/** A call whose data has been checked, with the type that follows from its name. */
export type CheckedCall = {
  [M in MethodName]: { readonly method: M; readonly data: MethodData<M> };
}[MethodName];

/**
 * Checks a method's data against its schema.
 * @throws method_unknown, method_data_invalid
 */
export function checkCall(method: string, data: unknown): CheckedCall {
  if (!isMethod(method)) throw new BacklotError(roomErrors.method_unknown, { params: { method } });
  const checked = methods[method].safeParse(data ?? {});
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new BacklotError(roomErrors.method_data_invalid, {
      params: {
        method,
        pointer: issue?.path.join('.') || 'data',
        reason: issue?.message ?? 'it does not fit',
      },
    });
  }
  return { method, data: checked.data } as CheckedCall;
}
