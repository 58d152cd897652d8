/** Says at length what the diagnostics about which keys and values stand where mean, for `docs/errors.md` and for editors. */

export const SHAPE_ABOUT = {
  'not-a-workflow': 'The file holds no mapping: it is empty, a list or a single text.',
  'newer-version': 'The file says a version of the language that this program does not know.',
  'unknown-key':
    'A key that does not exist at this place. Keys of your own start with `x-` and stand at the top level.',
  'missing-key': 'A key that is required is not there.',
  'wrong-type': 'A value of another type: a text where a list is expected, a word where a number is.',
  'bad-value': 'The key takes one of a few words, and this is none of them.',
  'out-of-range': 'A number is too small or too large.',
  empty: 'A value is there and says nothing.',
  'duplicate-item': 'A list names the same thing twice.',
  'bad-id': 'An id consists of small letters, digits and dashes, and starts with a letter.',
  'bad-name':
    'The name of an input, an output or an agent consists of letters, digits, `_` and `-`, and starts with a letter or `_`.',
  'bad-variable':
    'The name of an environment variable consists of letters, digits and `_`, and does not start with a digit.',
  'bad-duration':
    'A duration is a number with a unit: `500ms`, `90s`, `30m`, `2h`, `1h30m`. A bare number could mean anything.',
  'bad-tokens': 'A number of tokens is a whole number, or one with `k` or `M`.',
  'no-kind': 'A step has neither `run` nor `prompt`, so it does nothing.',
  'two-kinds': 'A step does one thing. This one has the keys of two.',
  'wrong-kind-key': 'The key belongs to another kind of step.',
  'not-in-finally':
    'Steps under `finally` run in the order they are written in, whatever happened: they have no `needs` and are no gates or loops.',
  'duplicate-id': 'Two steps have the same id. Ids are unique in a file.',
  'unknown-need': '`needs` names a step that is not there.',
  'self-need': 'A step waits for itself.',
  'need-without-id':
    'A step without `id` gets one made from its name, for the command line. The file itself cannot use it: renaming the step would break the workflow.',
  'unknown-agent': '`agent` names something that is not declared under `agents`.',
  'no-engine': 'Nothing says which engine does the step: not the step, not its agent, not `defaults`.',
  'unknown-engine': 'There is no engine of that name.',
  'engine-from-data': 'Data would choose which agent acts, with which rights. Write the name out.',
  'static-key': 'The value is needed before the run starts, so it cannot be computed.',
  'bad-default': 'The default of an input does not fit its type.',
  'no-options': 'An input of the type `choice` says what it can be.',
  'options-without-choice': 'Only an input of the type `choice` has options.',
  'bad-shell':
    'A shell is `bash`, `sh`, `pwsh`, `python`, `node`, or a command line with `{0}` where the script goes.',
  'mcp-server-kind':
    'An MCP server is a program (`command`) or an address (`url`), not both and not neither.',
  'access-unsaid':
    'Nothing says how far the agent may reach, so it only reads. Asked to fix the tests, it ends well and changes nothing.',
  'isolated-only':
    '`copy`, `link`, `setup`, `merge` and `on-conflict` belong to a step with a tree of its own. Under `defaults` they may stand without a `mode`: then they hold for the steps that say `isolated`.',
  'bad-glob':
    'A glob with so many stars or alternatives that matching it can take minutes, or one that no file can ever fit: with nothing in it, out of the workspace, of a folder (`src/`, for `src/**`), or one that only takes away (`!docs/**` alone).',
  'reserved-path':
    '`copy` and `link` bring in what git ignores. `.git` each worktree has for itself, and `.codemachine` belongs to the runs.',
  'never-merged':
    '`on-conflict` says what becomes of a merge that conflicts, and `merge: never` says that there is no merge.',
  'resolver-only-reads': 'The agent under `on-conflict` has to change files, and may not.',
  'session-alone':
    "`session: continue` means the session of this step's iteration before. Outside of a loop there is none, of a step with a `matrix` there are many, and an isolated step works in another directory each time, where the engine does not find its sessions.",
  'session-of-other':
    'The session of another step can only be gone on in where there is exactly one, and an engine that both steps may use: sessions belong to the engine that opened them.',
  'reserved-id':
    'A step that resolves a conflict has a key of its own in the record of a run: the key of the step whose conflict it is, then `.on-conflict`. A step with that id would have the same.',
  'unknown-input':
    'A step gives a [used workflow](workflow.md#using-another-workflow) an input that its file does not declare.',
  'missing-input':
    'A used workflow declares an input as `required`, without a default, and `with` does not give it.',
  'bad-input':
    'What `with` gives a used workflow is not of the type that its file declares: a literal of another type, a choice that is not among the options, or an expression that can never come to one. A text is not read as a number; `fromJSON(…)` does that.',
  'unknown-axis':
    '`exclude` leaves out combinations by the values of their axes, so it can name nothing else.',
  'reduce-from':
    'A `reduce` makes one result of the instances of a matrix: a step of the same list, certain to have ended before.',
  'reduce-not-isolated':
    'Each candidate of a `best-of` needs a tree of its own: the checks are made there, and one change is merged without the others.',
  'reduce-merged':
    'The instances that a `best-of` chooses among are not merged by themselves: the winner is.',
  'checks-without-best-of':
    '`checks` drop candidates before `best-of` chooses. In the other modes all that succeeded are shown.',
  'undo-says-nothing':
    'An isolated attempt that fails has changed nothing that could be undone: its tree is taken away.',
} as const;
