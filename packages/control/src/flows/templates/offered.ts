import { checkFlow, type FlowKinds, type FlowTemplate } from '@backlot/contract';
import { parseFlowText } from '@backlot/contract/flow/text';
import { flowTemplates } from './flow-templates.ts';

/** Templates whose kinds are all installed. Whoever uses one still fills in channels and targets. */
export function offeredTemplates(installed: FlowKinds): FlowTemplate[] {
  return flowTemplates.flatMap((template) => {
    const { definition } = parseFlowText(template.text);
    if (!definition) throw new Error(`The template ${template.name} is no flow.`);
    const gone = checkFlow(definition, installed).some(({ code }) =>
      ['flow.kind_unknown', 'flow.trigger_unknown'].includes(code),
    );
    return gone ? [] : [{ ...template, definition }];
  });
}
