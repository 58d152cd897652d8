/** Says at length what the diagnostics about the order of steps mean, for `docs/errors.md` and for editors. */

export const ORDER_ABOUT = {
  cycle: 'Steps wait for each other. The message names all of them, starting with the one that stands first.',
  'parallel-writers':
    'Two agents may write to the same tree at the same time, and neither could be undone alone. Order them, or give one of them a tree of its own: [`workspace: isolated`](workflow.md#workspaces).',
  'matrix-writers':
    'The instances of a matrix run side by side, and agents that write would do so in the same tree. Give each instance a tree of its own: [`workspace: isolated`](workflow.md#workspaces), or let them run one after the other.',
  'parallel-sessions':
    'Two steps may go on in one session at the same time, and each would miss what the other says, or spoil it. Order them, or let one branch off with `session: { fork: … }`, which leaves the session as it is.',
  'matrix-sessions':
    'The instances of a matrix run side by side, and would all go on in one session. Let each branch off with `session: { fork: … }`, or let them run one after the other.',
  unreachable:
    'A gate before this step has a `require` that is always false, so it always fails, and nothing behind it runs.',
  'uses-cycle':
    'Workflows [use](workflow.md#using-another-workflow) each other in a circle, and would have steps without end. The message names the files, in the order in which they lead to each other.',
  'uses-too-deep':
    'A workflow uses one that uses one, and so on, more than eight deep. The message names the files on the way.',
  'uses-too-many':
    'A workflow that uses others, which use others many times, comes to more than 100,000 steps.',
  'gate-in-finally':
    'A workflow that is used in `finally` holds a gate. `finally` runs whatever happened, also when a run is canceled, and does not wait for anybody.',
  'part-key-ignored':
    'A used workflow says how many steps run at once, or which runs exclude each other. Both are of the whole run: the workflow that was started, or a flag, decides it.',
  'gate-bypassed':
    'A step stands below a gate and does not wait for it: something between them says `needs: []`. It would run before anybody has decided. A step that names the steps it waits for means it, and is not warned of.',
  'artifact-not-kept':
    'A gate shows files with `artifact:<glob>`: those that steps before it promised with `artifacts`. No step that is certain to have ended before the gate promises one that can fit.',
} as const;
