/** Holds the words of the diagnostics about what the configuration says of engines. */
import { error } from './entry.ts';

/** What can be wrong with what is said of an engine. */
export type DeclarationMistake =
  | 'built-in'
  | 'no-text'
  | 'map-of-text'
  | 'bad-path'
  | 'no-prompt-file'
  | 'prompt-on-stdin'
  | 'no-session-id'
  | 'no-session-path'
  | 'no-model-name'
  | 'bad-pattern'
  | 'idle-pattern'
  | 'pass-in-repository'
  | 'fence-in-env'
  | 'one-word';

/** What a mistake is about. */
export interface About {
  readonly engine: string;
  /** The key that it is about. */
  readonly key: string;
  /** What stands there, or what is wrong with it. */
  readonly detail?: string | undefined;
}

type Words = readonly [message: (about: About) => string, suggestion: (about: About) => string];

const MISTAKES: Readonly<Record<DeclarationMistake, Words>> = {
  'built-in': [
    ({ engine, key }) => `\`${key}\` declares an engine of your own, and \`${engine}\` is built in`,
    () =>
      'give yours another name; of a built-in engine, `command`, `env`, `pass` and `max-parallel` can be set',
  ],
  'no-text': [
    ({ engine }) => `nothing says where the JSON lines of \`${engine}\` have its answer`,
    () => 'write the path of the final message, such as `map: { text: result }`',
  ],
  'map-of-text': [
    () => '`map` is about JSON lines, and standard output is the answer itself here',
    () => 'write `output: jsonl` beside it, or take `map` out',
  ],
  'bad-path': [
    ({ detail }) => `\`${detail}\` is no path into a JSON line`,
    () => 'write keys joined by dots, such as `usage.input_tokens`',
  ],
  'no-prompt-file': [
    ({ engine }) => `\`${engine}\` takes its prompt as a file, and its \`command\` does not say where`,
    ({ engine }) =>
      `put \`{prompt-file}\` where the path goes, such as \`command: [${engine}, --file, "{prompt-file}"]\``,
  ],
  'prompt-on-stdin': [
    () => '`{prompt-file}` stands for a file, and the prompt goes to standard input here',
    () => 'write `prompt: file` beside it, or take `{prompt-file}` out',
  ],
  'no-session-id': [
    ({ key }) => `\`${key}\` does not say in which session`,
    () => 'put `{session}` where its id goes, such as `[--resume, "{session}"]`',
  ],
  'no-session-path': [
    () => 'a session can be gone on in only where the program says its id',
    () => 'write `output: jsonl` and the path of the id, such as `map: { session: session_id }`',
  ],
  'no-model-name': [
    () => '`model` does not say where the name of the model goes',
    () => 'put `{model}` there, such as `[--model, "{model}"]`',
  ],
  'idle-pattern': [
    ({ detail }) =>
      `the pattern \`${detail}\` fits where nothing stands, so every attempt would be that failure`,
    () => 'write what the program prints then, and nothing else, such as `^error: HTTP 429`',
  ],
  'pass-in-repository': [
    ({ engine }) => `a repository cannot have variables of yours passed to \`${engine}\``,
    ({ engine }) =>
      `write \`engines.${engine}.pass\` into \`~/.config/codemachine/config.yml\`, or have the workflow name them under \`secrets\` and the step hand them on by \`env\``,
  ],
  'fence-in-env': [
    ({ key }) => `\`${key}\` reaches the engine as it is written: nothing is computed in the configuration`,
    ({ detail }) =>
      `take it out here, and write \`env: { ${detail}: "\${{ … }}" }\` in the step; a secret is named under \`secrets\` there`,
  ],
  'one-word': [
    ({ detail }) => `\`command\` names one program, which would have to be called \`${detail}\``,
    ({ detail = '' }) => `write a list: \`command: [${detail.trim().split(/\s+/).join(', ')}]\``,
  ],
  'bad-pattern': [
    ({ detail }) => `the pattern cannot be used: ${detail}`,
    () =>
      'write a regular expression of RE2, which has no look-around and no back-references and is never at work for ever',
  ],
};

export const ENGINE_CODES = {
  'engine-declaration': error<About & { mistake: DeclarationMistake }>(
    ({ mistake, ...about }) => MISTAKES[mistake][0](about),
    ({ mistake, ...about }) => MISTAKES[mistake][1](about),
  ),
  'access-not-declared': error<{ engine: string; access: string; levels: readonly string[] }>(
    ({ engine, access }) =>
      `the configuration does not say how \`${engine}\` is held to \`access: ${access}\``,
    ({ engine, access, levels }) => {
      const declare = `put the arguments for it under \`engines.${engine}.access.${access}\`, \`[]\` where it takes none`;
      return levels.length === 0
        ? declare
        : `ask for ${levels.map((level) => `\`${level}\``).join(' or ')}, or ${declare}`;
    },
  ),
};
