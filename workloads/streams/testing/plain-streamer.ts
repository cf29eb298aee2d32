import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';

/**
 * The least that a streamer is: it connects to the address that it was started with, says who it is, and stays. No media:
 * for tests of everything around it. What it does wrong is said by its arguments.
 *
 * --url ws://…       where to connect; left out, it never connects
 * --crash-after ms   ends by SIGABRT so long after it was let in
 * --exit-after ms    ends with code 0 so long after it was let in
 * --deaf             does not acknowledge a reset
 * --memory MB        holds so much memory
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    'crash-after': { type: 'string' },
    'exit-after': { type: 'string' },
    deaf: { type: 'boolean', default: false },
    memory: { type: 'string' },
  },
});
const held = values.memory === undefined ? null : Buffer.alloc(Number(values.memory) * 1024 ** 2, 1);
console.log(`holds ${held?.length ?? 0} bytes`);

function later(ms: string | undefined, what: () => void): void {
  if (ms !== undefined) setTimeout(what, Number(ms));
}

function connect(url: string): void {
  const socket = new WebSocket(url);
  socket.on('open', () => console.log('connected'));
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString()) as { readonly type: string; readonly playerId?: string };
    console.log(`heard ${message.type} ${message.playerId ?? ''}`);
    if (message.type === 'identify') socket.send(JSON.stringify({ type: 'endpointId', id: 'plain' }));
    if (message.type === 'endpointIdConfirm') {
      later(values['crash-after'], () => {
        console.error('fatal: this streamer was told to crash');
        process.abort();
      });
      later(values['exit-after'], () => process.exit(0));
    }
    if (message.type === 'playerConnected')
      socket.send(JSON.stringify({ type: 'offer', playerId: message.playerId, sdp: 'v=0' }));
  });
  socket.on('error', (error) => console.error(error.message));
  // As engines do: it comes back to the same address.
  socket.on('close', (code) => {
    console.log(`closed ${code}`);
    if (code !== 1001 && code !== 1008) setTimeout(() => connect(url), 200);
  });
}
if (values.url !== undefined) connect(values.url);
else setInterval(() => undefined, 60_000);

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'reset' && !values.deaf) console.log('reset done');
});
