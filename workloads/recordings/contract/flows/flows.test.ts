import { type FileValue, newId, type StepInput } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { recordingLocalTriggers } from '../../node/flows/local-triggers.ts';
import { CHAT_KIND, CHAT_SUBTITLES_KIND, FILM_CHAT_KIND } from '../chat.ts';
import { JoinParameters } from '../join.ts';
import { FILM_KIND, SEGMENT_KIND } from '../segment.ts';
import {
  BroadcastEndedTrigger,
  broadcastEndedFacts,
  firedByBroadcast,
  matchesBroadcast,
} from './broadcast-ended.ts';
import { type JoinStep, joinStep } from './join-step.ts';

const hostile = 'a"; touch x & $(id) ../..';
const broadcast = newId();
const [nodeA, nodeB] = [newId(), newId()];

function segment(number: number, holders: readonly string[], size = 100) {
  return {
    digest: String(number).padStart(64, '0'),
    size,
    name: `t1-1/s${number}.flv`,
    mediaType: 'video/x-flv',
    kind: SEGMENT_KIND,
    holders: [...holders],
    meta: {
      broadcast,
      take: newId(),
      takeNumber: 1,
      number,
      part: 1,
      run: 1,
      container: 'flv',
      baseMs: 0,
      firstMs: 0,
      lastMs: 10_000,
      firstWall: 0,
      lastWall: 10_000,
      videoFrames: 250,
      audioFrames: 400,
      keyframes: 5,
      startsWithKeyframe: true,
      bytes: size,
      codecs: ['h264'],
      width: 160,
      height: 90,
      gaps: [],
    },
  };
}
function input(files: readonly ReturnType<typeof segment>[]): StepInput<JoinStep> {
  return {
    run: {
      id: newId(),
      flowId: newId(),
      projectId: newId(),
      name: 'f',
      startedAt: new Date(0).toISOString(),
    },
    step: { id: 'join', name: 'join' },
    parameters: { container: 'mp4', chatArea: 'half', hold: true },
    inputs: { segments: { type: 'files', files: [...files] } },
    trigger: { title: hostile, broadcast },
  };
}

describe('the step that joins', () => {
  it('names its inputs itself, keeps the title as data, and goes where most of the bytes are', () => {
    const draft = joinStep.draft?.(input([segment(1, [nodeA]), segment(2, [nodeB], 900), segment(3, [])]));
    expect(draft?.inputs?.map(({ name }) => name)).toEqual([
      'segments/000001',
      'segments/000002',
      'segments/000003',
    ]);
    expect(draft?.constraints?.prefer).toEqual([nodeB, nodeA]);
    const parameters = JoinParameters.parse(draft?.parameters);
    expect(parameters.title).toBe(hostile);
    expect(parameters.broadcast).toBe(broadcast);
    expect(parameters.segments.map(({ input: name }) => name)).toEqual(
      draft?.inputs?.map(({ name }) => name),
    );
  });

  it('takes the same bytes once, and refuses what is no segment and what is nothing', () => {
    const twice = joinStep.draft?.(input([segment(1, [nodeA]), segment(1, [nodeB])]));
    expect(twice?.inputs).toHaveLength(1);
    expect(() => joinStep.draft?.(input([]))).toThrow(/nothing was recorded/);
    const other = { ...segment(1, []), meta: {} } as unknown as ReturnType<typeof segment>;
    expect(() => joinStep.draft?.(input([other]))).toThrow(/no segment/);
  });

  it('gives “film” only where it is all that there was, so that a verified film never stands for a part that was left out', () => {
    const film = (name: string) => ({ ...segment(1, []), name, kind: FILM_KIND, meta: {} });
    const outcome = (films: ReturnType<typeof film>[]) =>
      joinStep.outcome?.(input([segment(1, [])]), {
        state: 'succeeded',
        result: { lossMs: 0 },
        outputs: films,
        failure: null,
      }).ports;
    expect(Object.keys(outcome([film('a')]) ?? {}).toSorted()).toEqual(['film', 'films', 'report']);
    expect(Object.keys(outcome([film('a'), film('b')]) ?? {}).toSorted()).toEqual(['films', 'report']);
  });
});

describe('chat of a broadcast that is joined', () => {
  const chatOf = (number: number, more: object = {}) => ({
    ...segment(number + 500, [nodeA]),
    ...{ name: 'x.xml', mediaType: 'application/xml', kind: CHAT_KIND },
    meta: { broadcast, take: newId(), number, format: 'bilibili-xml' },
    ...more,
  });
  const plain = input([segment(1, [nodeA])]);
  const withChat = (files: unknown) =>
    ({ ...plain, inputs: { ...plain.inputs, chat: { type: 'files', files } } }) as StepInput<JoinStep>;

  it('comes by names of ours, each file once, and what is none is left out', () => {
    const chats = [
      chatOf(1),
      chatOf(1),
      chatOf(2, { meta: { format: 'other' } }),
      chatOf(3, { kind: 'x.y' }),
    ];
    const draft = joinStep.draft?.(withChat(chats));
    expect(draft?.inputs?.map(({ name }) => name)).toEqual(['segments/000001', 'chat/000001']);
    const parameters = JoinParameters.parse(draft?.parameters);
    expect(parameters.chats).toMatchObject([{ input: 'chat/000001', meta: { broadcast, number: 1 } }]);
    expect(parameters.chatArea).toBe('half');
  });

  it('changes nothing where there is none', () => {
    const without = joinStep.draft?.(plain);
    expect(joinStep.draft?.(withChat([]))).toEqual(without);
    expect(JoinParameters.parse(without?.parameters).chats).toEqual([]);
    expect(joinStep.carries).toEqual({ film: 'segments', films: 'segments' });
    expect(joinStep.inputs.chat?.required).toBe(false);
  });

  it('gives subtitles only beside the one film that they are of', () => {
    const one = (name: string, kind: string) => ({ ...segment(1, []), name, kind, meta: {} });
    const portsOf = (...outputs: ReturnType<typeof one>[]) =>
      joinStep.outcome?.(input([segment(1, [])]), { state: 'succeeded', result: {}, outputs, failure: null })
        .ports ?? {};
    const whole = [one('film.mp4', FILM_KIND), one('film.ass', CHAT_SUBTITLES_KIND)];
    const chat = one('film.chat.jsonl', FILM_CHAT_KIND);
    expect(portsOf(...whole, chat)).toMatchObject({
      film: { file: { name: 'film.mp4' } },
      subtitles: { file: { name: 'film.ass' } },
      chats: { files: [{ name: 'film.chat.jsonl' }] },
    });
    const two = portsOf(...whole, chat, one('film-2.mp4', FILM_KIND));
    expect(Object.keys(two).toSorted()).toEqual(['chats', 'films', 'report']);
    expect(two).toMatchObject({ films: { files: [{ name: 'film.mp4' }, { name: 'film-2.mp4' }] } });
  });
});

describe('the end of a broadcast', () => {
  const channelId = newId();
  const body = {
    channelId,
    broadcast,
    why: 'silence',
    startedWall: 1_000,
    endedWall: 61_000,
    lossMs: 250,
    takes: 2,
    segments: 2,
    bytes: 200,
    title: hostile,
  };
  const held = [segment(1, [nodeA]), segment(2, [nodeA])];
  /** Of the first and the second recording, by ids that are in the order of time. */
  const takes = ['019a0000-0000-7000-8000-000000000001', '019a0000-0000-7000-8000-000000000002'] as const;
  const chat = takes.map((take, n) => ({
    ...segment(n + 1, [nodeA]),
    digest: String(n + 1).padStart(64, 'c'),
    name: `engine/${n}.xml`,
    mediaType: 'application/xml',
    kind: CHAT_KIND,
    meta: { broadcast, take, number: n + 1, format: 'bilibili-xml' },
  }));
  const occasion = (files: readonly FileValue[]) => ({
    nodeId: nodeA,
    task: newId(),
    job: newId(),
    project: newId(),
    parameters: { name: 'studio' },
    held: files,
  });
  const ended = { key: 'k', kind: 'recordings.broadcast.ended', at: new Date(61_000).toISOString(), body };

  it('means the same to a node that is alone as to the control plane: one key, one set of values', () => {
    const [local] = recordingLocalTriggers;
    const others = [segment(9, []), ...chat].map((file) => ({
      ...file,
      meta: { ...file.meta, broadcast: newId() },
    }));
    // Chat comes later than its recording, and a torn one later than the next.
    const fired = local?.fire(ended, occasion([...held, ...others, ...chat.toReversed()]));
    const control = firedByBroadcast({
      ...body,
      sighting: broadcast,
      channel: 'studio',
      segments: held,
      chat,
    });
    expect(fired).toEqual(control);
    expect(control.key).toBe(`broadcast:${broadcast}`);
    expect(control.data).toMatchObject({ title: hostile, durationMs: 60_000, lossMs: 250 });
    expect(control.ports.chat).toEqual({ type: 'files', files: chat });
    expect(local?.fire({ key: 'k', kind: 'x.y', at: '', body: {} }, {} as never)).toBeNull();
  });

  it('has no port for chat where there is none, on either side', () => {
    const [local] = recordingLocalTriggers;
    const given = { ...body, sighting: broadcast, channel: 'studio', segments: held, chat: [] };
    expect(Object.keys(firedByBroadcast(given).ports)).toEqual(['segments', 'broadcast']);
    expect(local?.fire(ended, occasion(held))).toEqual(firedByBroadcast(given));
    expect(broadcastEndedFacts.outputs.chat).toMatchObject({ type: 'files', required: false });
  });

  it.each([
    [{}, true],
    [{ channels: [channelId] }, true],
    [{ channels: [newId()] }, false],
    [{ leastDuration: '60s' }, true],
    [{ leastDuration: '61s' }, false],
    [{ leastDuration: '1h' }, false],
  ])('is what a flow waits for with %j: %s', (parameters, expected) => {
    const { data } = firedByBroadcast({ ...body, sighting: broadcast, channel: '', segments: [], chat: [] });
    expect(matchesBroadcast(BroadcastEndedTrigger.parse(parameters), { data })).toBe(expected);
  });
});
