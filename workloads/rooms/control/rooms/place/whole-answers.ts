import type { Kernel } from '@backlot/control/workload';
import { MediaReply, mediaCalls, mediaMethodName } from '../../../contract/media/calls.ts';
import { readReply } from './call-errors.ts';

/** A kernel on whose calls long answers of media hosts, which come in parts, are put together. */
export function wholeAnswers(kernel: Kernel): Kernel {
  const { nodes } = kernel;
  return {
    ...kernel,
    nodes: {
      ...nodes,
      async call(nodeId, call) {
        const answer = await nodes.call(nodeId, call);
        const reply = MediaReply.safeParse(answer);
        if (!reply.success || !reply.data.ok || !reply.data.parts) return answer;
        const { id, count } = reply.data.parts;
        const texts: string[] = [];
        for (let part = 0; part < count; part += 1) {
          const method = mediaMethodName('answerPart');
          const given = await nodes.call(nodeId, { ...call, method, payload: { id, part } });
          texts.push(mediaCalls.answerPart.result.parse(readReply(given, id)).text);
        }
        return { ok: true, data: JSON.parse(texts.join('')) as unknown } satisfies MediaReply;
      },
    },
  };
}
