import { isIPv4 } from 'node:net';

/**
 * Whether an installation that runs on one machine lets in guests without a ticket, when nobody has decided: only while
 * nobody but this machine can reach it. Whoever opens it to a network, or to the world by an address of its own, has to
 * say so.
 */
export function openByDefault(settings: {
  readonly host: string;
  readonly publicUrl?: string | undefined;
}): boolean {
  return (
    isLoopback(settings.host) && (settings.publicUrl === undefined || isLoopback(hostOf(settings.publicUrl)))
  );
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
