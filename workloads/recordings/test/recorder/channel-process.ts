import { runChannel } from './bench-channel.ts';

/** A channel in a process of its own, to be killed: `channel-process <work folder> <address> <segment ms>`. */
const [, , workDir = '', url = '', segmentMs = '10000'] = process.argv;
await runChannel({ workDir, source: { kind: 'http-flv', url }, rules: { segmentMs: Number(segmentMs) } });
process.stdout.write('running\n');
setInterval(() => {}, 60_000);
