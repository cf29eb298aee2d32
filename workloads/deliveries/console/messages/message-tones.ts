export const messageTones = {
  pending: 'waiting',
  delivered: 'done',
  failed: 'failed',
  folded: 'idle',
} as const;
