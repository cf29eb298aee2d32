import type { Capability } from '@backlot/contract/capability';
import { useTexts } from '../../i18n/texts.ts';
import { Ago } from '../../parts/time.tsx';
import classes from './node-page.module.css';
import { nodeTexts } from './texts.ts';

/** What the node has proved it can do, and how. */
export function Capabilities({ capabilities }: { readonly capabilities: readonly Capability[] }) {
  const say = useTexts(nodeTexts);
  if (capabilities.length === 0) return <p className="dim">{say('capabilities.none')}</p>;
  return (
    <ul className={classes.list}>
      {capabilities.map((capability) => (
        <li key={`${capability.name} ${capability.version ?? ''}`} className={classes.capability}>
          <div className={classes.capabilityHead}>
            <strong>
              {capability.name} {capability.version}
            </strong>
            <span className={classes.proof}>
              {capability.proof} · {say('proved')} <Ago at={capability.provedAt} />
            </span>
          </div>
          {capability.features.length > 0 && (
            <div className={classes.features}>
              {capability.features.map((feature) => (
                <span key={feature} className={classes.feature}>
                  {feature}
                </span>
              ))}
            </div>
          )}
          {Object.keys(capability.details).length > 0 && (
            <details>
              <summary className="dim">{say('details')}</summary>
              <pre className={classes.details}>{JSON.stringify(capability.details, null, 2)}</pre>
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}
