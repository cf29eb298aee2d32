import type { Output } from '@backlot/contract';

/** Outputs and bytes of JSON in one report; a message on the link has at most one mebibyte. */
const MOST = { outputs: 200, bytes: 256 * 1024 };

/** Cuts a list of outputs into as many reports as are needed, in order. At least one, which may be empty. */
export function chunkOutputs(outputs: readonly Output[]): Output[][] {
  const chunks: Output[][] = [[]];
  let bytes = 0;
  for (const output of outputs) {
    const size = JSON.stringify(output).length;
    let chunk = chunks.at(-1);
    if (!chunk || (chunk.length > 0 && (chunk.length >= MOST.outputs || bytes + size > MOST.bytes))) {
      chunk = [];
      chunks.push(chunk);
      bytes = 0;
    }
    chunk.push(output);
    bytes += size;
  }
  return chunks;
}
