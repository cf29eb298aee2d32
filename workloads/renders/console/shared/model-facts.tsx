import { Facts, useFormat, useTexts } from '@backlot/console/workload';
import type { ModelFacts } from '../../contract/model.ts';
import { renderTexts } from '../texts.ts';

/** What an import has found out about a model. */
export function ModelFactsView({ facts }: { readonly facts: ModelFacts }) {
  const say = useTexts(renderTexts);
  const format = useFormat();
  const { low, high } = facts.bounds;
  const sides = [0, 1, 2].map((axis) => format.number((high[axis] ?? 0) - (low[axis] ?? 0), 2));
  return (
    <>
      <Facts
        items={[
          [say('fact.format'), facts.format],
          [say('fact.polygons'), format.number(facts.polygons)],
          [say('fact.objects'), format.number(facts.objects)],
          [say('fact.materials'), format.number(facts.materials)],
          [say('fact.images'), format.number(facts.images)],
          [say('fact.cameras'), facts.cameras.map((camera) => camera.name).join(', ') || say('fact.none')],
          [say('fact.size'), sides.join(' × ')],
          [
            say('fact.animation'),
            facts.animation.moves
              ? say('fact.animation.range', {
                  first: facts.animation.first,
                  last: facts.animation.last,
                  fps: format.number(facts.animation.fps, 2),
                })
              : say('fact.none'),
          ],
          ...(facts.savedWith ? [[say('fact.saved'), facts.savedWith] as const] : []),
          ...(facts.disarmed.length > 0
            ? [
                [
                  say('fact.disarmed'),
                  facts.disarmed.map((thing) => say(`disarmed.${thing}`)).join(', '),
                ] as const,
              ]
            : []),
        ]}
      />
      {facts.warnings.map((warning) => (
        <p key={warning} className="dim">
          {say(`warning.${warning}`)}
        </p>
      ))}
    </>
  );
}
