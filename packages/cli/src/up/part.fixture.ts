/**
 * A part for the tests of the supervisor: a real process that behaves as its arguments say.
 *   ready             says so and goes on until it is asked to end
 *   ready deaf        the same, and ignores being asked
 *   refuse            says in a sentence why it can't start
 *   crash             ends without a word
 */
const [, , behaviour, temper] = process.argv;

if (behaviour === 'ready') {
  process.send?.({ t: 'node-ready', nodeId: String(process.pid), name: 'fixture' });
  process.stdout.write('one line\n');
  process.on('message', (message: { signal?: string }) => {
    if (message.signal === 'SIGTERM' && temper !== 'deaf') process.exit(0);
  });
  process.on('disconnect', () => process.exit(0));
  setInterval(() => undefined, 1000);
} else if (behaviour === 'refuse') {
  process.send?.({ t: 'failed', code: 'port_in_use', message: 'Port 8080 is taken.' }, () => process.exit(5));
} else process.exit(3);
