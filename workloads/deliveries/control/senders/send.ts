import { Heard, Redactor } from '../../contract/redact.ts';
import type { MessageTargetKind } from '../../contract.ts';
import { httpCall } from './http-call.ts';
import { sendEmail } from './send-email.ts';
import type { Judged, Outgoing, SendContext, Sent } from './sender.ts';
import { services } from './services.ts';

/** One attempt at one message. Never throws for what a service does; a fault holds no secret. */
export async function send(kind: MessageTargetKind, outgoing: Outgoing, context: SendContext): Promise<Sent> {
  const { settings, secrets } = outgoing;
  const redactor = new Redactor({ kind, settings, secrets });
  try {
    const judged =
      kind === 'email' ? await sendEmail(outgoing, context) : await sendHttp(kind, outgoing, context);
    return judged.ok ? judged : { ...judged, fault: redactor.line(judged.fault) };
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    const words = error instanceof Error ? error.message || error.name : String(error);
    return { ok: false, fault: redactor.line(new Heard(words)) };
  }
}

async function sendHttp(
  kind: Exclude<MessageTargetKind, 'email'>,
  outgoing: Outgoing,
  context: SendContext,
): Promise<Judged> {
  const service = services[kind];
  return service.judge(await httpCall(service.call(outgoing, context.nowS), context));
}
