export * from './contract.ts';
export { tinyControl } from './control.ts';
export { tinyNode } from './node.ts';
