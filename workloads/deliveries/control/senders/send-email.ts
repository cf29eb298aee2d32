import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { checkUrl } from '@backlot/control/workload';
import nodemailer from 'nodemailer';
import { Heard } from '../../contract/redact.ts';
import { EmailSecrets, EmailSettings } from '../../contract.ts';
import { cut, type Judged, type Outgoing, type SendContext } from './sender.ts';

const connectMs = 15_000;

/** One mail by SMTP, to the address that was checked: the name is not looked up again. */
export async function sendEmail(outgoing: Outgoing, { policy, signal }: SendContext): Promise<Judged> {
  const { host, port, security, user, from, to } = EmailSettings.parse(outgoing.settings);
  const { password } = EmailSecrets.parse(outgoing.secrets);
  const address = isIP(host) !== 0 ? host : (await abortable(lookup(host), signal)).address;
  checkUrl(`smtp://${address.includes(':') ? `[${address}]` : address}`.replace('smtp:', 'http:'), policy);
  const transport = nodemailer.createTransport({
    host: address,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { servername: isIP(host) === 0 ? host : undefined },
    ...(user === '' ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: connectMs,
    // Neither files nor addresses of a message are ever opened.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { notice, id } = outgoing;
  try {
    await transport.sendMail({
      from,
      to,
      subject: cut(notice.title.replace(/[\p{Cc}\s]+/gu, ' ').trim(), 200),
      text: [notice.text, notice.url].filter(Boolean).join('\n\n'),
      // The same for every attempt, so that a mail which was taken without our hearing of it is seen as one.
      messageId: `<${id}@${from.split('@')[1] ?? 'backlot'}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      // Ends the connection too: a server that drips words would hold it for ever.
      signal,
    });
    return { ok: true };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { ok: false, fault: new Heard(error instanceof Error ? error.message : String(error)) };
  } finally {
    transport.close();
  }
}

/** A name is looked up by the system, which can't be told to stop; we need not wait for it. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
