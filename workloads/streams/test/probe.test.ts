import { openTestNode, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { peerVariable } from '../node/peer/request.ts';
import { runPeer } from '../node/peer/run-peer.ts';
import { platformOf } from '../node/platform.ts';
import { streamsProbe } from '../node/probe/streams-probe.ts';

let machine: TestNode;
beforeAll(async () => {
  machine = await openTestNode([streamsProbe]);
});
afterAll(() => machine.close());

it('proves WebRTC by a connection of its own, and names the platform', () => {
  const [capability] = machine.capabilities.filter(({ name }) => name === 'streams');
  expect(capability?.features).toEqual([platformOf(process.platform), 'webrtc']);
  expect(capability?.proof).toMatch(/frame/);
});

it('says what is wrong where WebRTC can’t be loaded, and starts programs all the same', async () => {
  const [capability] = await streamsProbe.probe({
    // A machine for which there is no build of the library: the peer is started with it hidden.
    run: (argv, options) => {
      const [program = '', ...rest] = argv;
      return machine.run([program, '--import', withoutWebRtc, ...rest], options);
    },
    log: undefined as never,
    signal: new AbortController().signal,
    scratch: machine.scratch,
    env: {},
  });
  expect(capability?.features).toEqual([platformOf(process.platform)]);
  expect(capability?.proof).toMatch(/does not work here: .*wrtc/);
});

it('a peer that can’t be understood, or never ends, is a fault and no hang', async () => {
  const request = { kind: 'probe', deadlineMs: 1_000 } as const;
  const where = { cwd: machine.scratch };
  const talk = await runPeer(
    (_argv, options) => machine.run([process.execPath, '-p', '"nonsense"'], options),
    request,
    where,
  );
  expect(talk).toMatchObject({ ok: false, fault: 'no_webrtc' });
  const hang = await runPeer(
    (_argv, options) =>
      machine.run([process.execPath, '-e', 'setInterval(() => {}, 1e3)'], { ...options, timeoutMs: 300 }),
    request,
    where,
  );
  expect(hang).toMatchObject({ ok: false, detail: 'it did not end' });
  expect(peerVariable in process.env).toBe(false);
});

/** A module hook that answers for the library as Node does for a package that is not installed. */
const withoutWebRtc = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === '@roamhq/wrtc') throw new Error("Cannot find package '@roamhq/wrtc'");
      return next(specifier, context);
    },
  });
`)}`;
