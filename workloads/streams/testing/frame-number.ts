/** For tests outside of this workload that count the demo's frames in a browser. */
export { readFrameNumber } from '../node/demo/frame-code.ts';
