export { openTracer, type TracerOptions } from './open-tracer.ts';
export { tracingEnvironment, tracingVariables } from './settings.ts';
