import type { Duplex } from 'node:stream';

/**
 * Messages often come several at a time (an offer and its candidates in one segment), and each that is handed on would
 * be a system call of its own: most of what a relay costs. What is written to a socket within one turn of the event loop
 * goes out together at its end. Nothing waits: the turn is over before anything else is read.
 */
const corked = new Set<Duplex>();

export function writeTogether(transport: Duplex): void {
  if (corked.has(transport)) return;
  if (corked.size === 0) process.nextTick(flush);
  corked.add(transport);
  transport.cork();
}

function flush(): void {
  for (const transport of corked) transport.uncork();
  corked.clear();
}
