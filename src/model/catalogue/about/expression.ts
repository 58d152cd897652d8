/** Says at length what the diagnostics about expressions mean, for `docs/errors.md` and for editors. */

export const EXPRESSION_ABOUT = {
  'always-true':
    'A condition comes to true whatever happens: it holds no value that differs, or what it holds is always true. A list and an object are true even when they are empty. An `if` that calls a status function is not warned of, `always()` least of all: it says when the step runs.',
  'always-false':
    'A condition comes to false whatever happens. In `if` the step is always skipped; `failure()` in a step that waits for no other is one of these, since nothing before it can have failed. In a loop, `until: false` together with `on-exhausted: continue` means `max` times, and is not warned of.',
  'expression-syntax':
    'The expression cannot be read. There is no arithmetic, and texts stand in single quotes.',
  'expression-limit': 'An expression is too long or too deeply nested. Let a `run` step compute it.',
  'empty-expression': 'There is nothing between `${{` and `}}`, or nothing where an expression is expected.',
  'open-fence': "`${{` is not closed. A literal one is written `${{ '${{' }}`.",
  'text-around-fence': 'Text around a fence makes the condition a text, and a text is always true.',
  'several-fences': 'Several fences make the condition a text, and a text is always true.',
  'fence-newline':
    'A block text ends in a line end. After a fence that makes the condition a text, and a text is always true.',
  'unknown-context':
    'The first word of a reference is none that can be read. A bare word is a common cause: texts stand in single quotes.',
  'context-not-here':
    'The context exists and cannot be read in this key. Secrets, for example, can only be read in `env`.',
  'unknown-step': 'There is no step with that id.',
  'step-not-before':
    'The step is there, and nothing makes it end before this one starts. An empty value would be read. Add it to `needs`.',
  'self-reference': 'A step reads its own result, which it does not have yet.',
  'unknown-property':
    'The thing has no such property. Outputs of a `run` step are declared under `outputs`; those of an agent in its `output` schema.',
  'dynamic-index':
    'Which property is meant can only be known while it runs, so nothing could be checked before.',
  'whole-context': 'The context cannot be read as a whole. Name what is meant.',
  'secret-by-env':
    'A variable that holds a secret cannot be read through `env`: that would be a way around the rule for `secrets`.',
  'unknown-function': 'There is no function of that name.',
  'function-not-here':
    '`success()`, `failure()`, `always()` and `canceled()` decide whether a step runs. They stand in `if` only.',
  'changed-not-here':
    '`changed(globs…)` looks at the tree when a step is about to run. A matrix is expanded, and outputs are read, without a look at the tree; and what a gate shows must stay what it was until somebody decides.',
  arity: 'A function has too many or too few arguments.',
  'never-equal': 'The two sides have different types, and values of different types are never equal.',
  'never-ordered': '`<`, `<=`, `>` and `>=` order two numbers or two texts, and nothing else.',
  'not-a-value': 'The left side can be one of a few values, and the other side is none of them.',
  'text-compared':
    'An agent writes sentences: its words hardly ever equal a fixed text. Ask for an answer in a schema.',
  'data-in-run':
    'Data from outside the file would be pasted into a program. Whoever writes the issue would write the program. Put the value in `env` and read the variable. The same holds for `workspace.setup` and the `checks` under `on-conflict`.',
  'data-in-variable':
    'Data would choose what programs do: what they load or start (`PATH`, `LD_*`, `NODE_OPTIONS`, `GIT_*`, `EDITOR`), which settings they take (`HOME`, `XDG_*`, `CODEX_HOME`), how packages are installed (`npm_config_*`, `PIP_*`), where requests and their keys go (`https_proxy`, `ANTHROPIC_BASE_URL`), or what codemachine tells a step (`CODEMACHINE_*`). These variables and [their kin](security.md#data-and-power) take fixed values only, of a step, an agent and a workflow alike. A key is data that has to come from somewhere: `OPENAI_API_KEY` takes a secret.',
  'lethal-three':
    'An agent reads text that strangers may have written, holds a secret, and may reach the network. A sentence in that text could make it send the secret away. Take one of the three from it: `network: off`, no secret in its `env`, or not that text. Results of `run` steps that call `curl`, `wget`, `gh` and the like count as written by strangers, and so does what is made of them.',
  'model-dash': 'A model that starts with `-` would be taken for an option by the engine.',
} as const;
