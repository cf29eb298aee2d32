import { nodeStates } from '@backlot/contract/states/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type KnownNode } from './admission.ts';

const protocol = { min: 1, max: 1 };
const bootId = '019a0000-0000-7000-8000-000000000001';
const known = (change: Partial<KnownNode>): KnownNode => ({ state: 'ready', epoch: 3, bootId, ...change });
const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('admission', () => {
  it('lets a node in as of its epoch', () => {
    expect(admit(known({}), { epoch: 3, protocol })).toEqual({ protocol: 1, epoch: 3, newEpoch: false });
    expect(admit(known({ state: 'unreachable' }), { epoch: 3, protocol }).epoch).toBe(3);
  });
  it('begins an epoch when a node returns from lost', () => {
    expect(admit(known({ state: 'lost' }), { epoch: 3, protocol })).toMatchObject({
      epoch: 4,
      newEpoch: true,
    });
  });
  it('lets a joining node in that has no epoch yet', () => {
    expect(admit(known({ state: 'joining', epoch: 1, bootId: null }), { epoch: 0, protocol }).epoch).toBe(1);
  });
  it('refuses an old copy of the identity', () => {
    expect(code(() => admit(known({}), { epoch: 2, protocol }))).toBe('node_epoch_stale');
    expect(code(() => admit(known({ bootId: null }), { epoch: 1, protocol }))).toBe('node_epoch_stale');
  });
  it('forgives the epoch before while the present one is not confirmed', () => {
    expect(admit(known({ bootId: null }), { epoch: 2, protocol })).toMatchObject({
      epoch: 3,
      newEpoch: false,
    });
  });
  it('goes above both epochs when the database is older than the node', () => {
    expect(admit(known({}), { epoch: 9, protocol })).toMatchObject({ epoch: 10, newEpoch: true });
  });
  it('refuses removed nodes and protocols that nobody here speaks', () => {
    expect(code(() => admit(known({ state: 'removed' }), { epoch: 3, protocol }))).toBe('node_removed');
    expect(code(() => admit(known({}), { epoch: 3, protocol: { min: 7, max: 9 } }))).toBe(
      'link_protocol_unsupported',
    );
  });
  it('never gives out an epoch below the one in the database, nor the same one after lost', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...nodeStates),
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.constant(bootId)),
        fc.integer({ min: 0, max: 60 }),
        (state, epoch, boot, claimed) => {
          try {
            const admission = admit({ state, epoch, bootId: boot }, { epoch: claimed, protocol });
            expect(admission.epoch).toBeGreaterThanOrEqual(epoch);
            if (state === 'lost') expect(admission.epoch).toBeGreaterThan(epoch);
          } catch (error) {
            expect(['node_removed', 'node_epoch_stale']).toContain((error as { code: string }).code);
          }
        },
      ),
    );
  });
});
