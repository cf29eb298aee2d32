export { useEvents, useLiveStatus, useLiveUpdate } from './live.tsx';
export { isNotFound, isRetryable, showProblem } from './problem.ts';
export { jobQuery, jobsQuery, listQuery, taskQuery, tasksQuery } from './queries.ts';
export { progressOf, type Subject, subjectsOf } from './subjects.ts';
export { api, transport } from './transport.ts';
export { type List, useList } from './use-list.ts';
