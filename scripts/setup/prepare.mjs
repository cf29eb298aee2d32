import { buildConsole } from './console-build.mjs';
import { installDependencies } from './dependencies.mjs';
import { chooseNode } from './node-runtime.mjs';
import { say } from './phrases.mjs';
import { step } from './steps.mjs';
import { installSystemPackages } from './system-packages.mjs';

/**
 * Everything that has to be there before the product or its tests can run, in order; what is there already
 * costs a look.
 *
 * @param {{ system?: readonly import('./system-packages.mjs').SystemPackage[], console?: boolean }} wanted
 * @returns {Promise<string>} the Node to go on with.
 */
export async function prepare(wanted) {
  await step(say('Dependencies', '依赖'), installDependencies);
  const node = await chooseNode();
  if (wanted.system) {
    const packages = wanted.system;
    await step(say('System packages', '系统软件包'), (report) => installSystemPackages(packages, report));
  }
  if (wanted.console) await step(say('Web console', '网页控制台'), (report) => buildConsole(node, report));
  return node;
}
