import { createInterface } from 'node:readline';
import { systemClock } from '@backlot/contract/clock';
import { factsLine } from '../instance/facts-line.ts';
import { Application } from './application.ts';
import { openCommandServer } from './command-server.ts';
import { readCommand } from './commands.ts';
import { readDemoArguments } from './options.ts';

/** `demo --url ws://…`: the demo application as a program of its own. */
const read = readDemoArguments(process.argv.slice(2));
if (!read.ok) {
  process[read.help ? 'stdout' : 'stderr'].write(`${read.message.trimEnd()}\n`);
  process.exit(read.help ? 0 : 2);
}
const { options } = read;
const log = (line: string) => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const application = new Application({
  options,
  clock: systemClock,
  random: Math.random,
  log,
  tell: (facts) => void process.stdout.write(factsLine(facts)),
  end(how) {
    if ('signal' in how) process.kill(process.pid, how.signal);
    else process.exit(how.code);
  },
});

const end = () => {
  log('asked to end');
  application.close();
  // Native threads of WebRTC would keep the process for a while.
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('SIGINT', end);

if (options.port !== undefined) {
  const { port } = await openCommandServer({
    port: options.port,
    obey: (command) => application.obey(command),
  });
  log(`commands at http://127.0.0.1:${port}`);
}
if (options.stdin) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const command = readCommand({ demo: line.trim() });
    const answer = command && application.obey(command);
    if (answer) log(`done: ${answer.demo}`);
  });
  lines.on('close', end);
}
application.start();
log(`demo ${options.id} at ${options.width} x ${options.height}, ${options.fps} fps, pid ${process.pid}`);
