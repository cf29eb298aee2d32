import type { FileValue } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { RenderDoneFilter, renderFired, wantsRender } from '../../contract.ts';

const file = (kind: string, name: string): FileValue => ({
  kind,
  name,
  digest: 'a'.repeat(64),
  size: 1,
  mediaType: 'image/png',
  meta: {},
});
const job = { id: 'job', projectId: 'project', name: 'A Turntable' };

describe('a render that is done', () => {
  it('gives its frames in the order of the film, its film and its sheet', () => {
    const files = [
      file('frame', 'frame-10.png'),
      file('frame', 'frame-9.png'),
      file('scene', 'scene.blend'),
      file('contact-sheet', 'contact-sheet.png'),
      file('film', 'film.mp4'),
    ];
    const { ports, data, key } = renderFired(job, 'event', files);
    expect(ports.frames).toMatchObject({ files: [{ name: 'frame-9.png' }, { name: 'frame-10.png' }] });
    expect(ports.film).toMatchObject({ type: 'file', file: { name: 'film.mp4' } });
    expect(ports.sheet).toMatchObject({ file: { name: 'contact-sheet.png' } });
    expect(data).toEqual({ title: 'A Turntable', jobId: 'job', frames: 2 });
    expect(key).toBe('renders.render-done:job:event');
  });

  it.each([
    [{}, true],
    [{ name: 'turn' }, true],
    [{ name: 'other' }, false],
    [{ film: true }, false],
  ])('is what a flow with %j waits for: %s', (filter, wanted) => {
    const fired = renderFired(job, 'event', [file('frame', 'frame-1.png')]);
    expect(wantsRender(RenderDoneFilter.parse(filter), fired)).toBe(wanted);
  });
});
