/** Says at length what the diagnostics about the order of steps mean, for `docs/errors.md` and for editors. */

export const ORDER_ABOUT = {
  cycle: 'Steps wait for each other. The message names all of them, starting with the one that stands first.',
  'parallel-writers':
    'Two agents may write to the same tree at the same time, and neither could be undone alone. Order them, or give one of them a tree of its own: [`workspace: isolated`](workflow.md#workspaces).',
  'matrix-writers':
    'The instances of a matrix run side by side, and agents that write would do so in the same tree. Give each instance a tree of its own: [`workspace: isolated`](workflow.md#workspaces), or let them run one after the other.',
  'gate-bypassed':
    'A step stands below a gate and does not wait for it: something between them says `needs: []`. It would run before anybody has decided. A step that names the steps it waits for means it, and is not warned of.',
} as const;
