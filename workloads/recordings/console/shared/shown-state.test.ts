import { reason } from '@backlot/contract';
import { expect, it } from 'vitest';
import { channelStates } from '../../contract/channel.ts';
import { recordingPhrases } from '../../contract/phrases.ts';
import { copyOf, listedChannelStates, shownBroadcastState, shownChannelState } from './shown-state.ts';

const looking = reason(recordingPhrases, 'recordings.looking');
const offline = reason(recordingPhrases, 'recordings.offline', { detail: '404' });

it('a channel is not called offline before its source has answered', () => {
  expect(shownChannelState({ state: 'watching', reason: looking })).toBe('looking');
  expect(shownChannelState({ state: 'watching', reason: offline })).toBe('watching');
  expect(shownChannelState({ state: 'live', reason: null })).toBe('live');
  // Whoever was stopped while a node looked is off.
  expect(shownChannelState({ state: 'off', reason: looking })).toBe('off');
});

it('a filter of channels has every state that a channel in a list may have', () => {
  expect([...listedChannelStates, 'removed'].toSorted()).toEqual(channelStates.toSorted());
});

it('a broadcast is in the trash only while it can be taken back', () => {
  const restorableUntil = '2026-11-27T20:00:00.000Z';
  expect(shownBroadcastState({ state: 'removed', restorableUntil })).toBe('removed');
  expect(shownBroadcastState({ state: 'removed', restorableUntil: null })).toBe('gone');
  expect(shownBroadcastState({ state: 'ended', restorableUntil: null })).toBe('ended');
});

it('a broadcast whose files are gone is not said to be only here', () => {
  const gone = { state: 'removed', restorableUntil: null } as const;
  expect(copyOf({ ...gone, verified: false })).toBe('copy.gone');
  expect(copyOf({ ...gone, verified: true })).toBe('copy.verified');
  expect(copyOf({ ...gone, state: 'ended', verified: false })).toBe('copy.none');
});
