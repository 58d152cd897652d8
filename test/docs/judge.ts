// Validates the snippets of the documentation, in repositories that hold what they name.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { validate } from '../../src/index.ts';
import type { Snippet } from './snippets.ts';

/** What the pages speak of as being there. */
const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Example\n',
  '.env': 'REGION=eu\n',
  'prompts/fix.md': 'Fix the tests.\n',
  'asks.yml': 'name: asks\nsteps: [{ gate: { message: Ship it? } }]\n',
  'wide.yml': 'name: wide\nmax-parallel: 8\nsteps: [{ run: echo }]\n',
  'release.yml':
    'name: release\ninputs: { version: { type: string, required: true }, dry-run: { type: boolean, default: false } }\nsteps: [{ id: publish, run: echo url }]\noutputs: { url: steps.publish.stdout }\n',
  '.codemachine/workflows/prompts/fix.md': 'Fix the tests.\n',
};

/** Judges snippets until closed. */
export interface Judge {
  /** The codes that are reported, each once. */
  codes(snippet: Snippet): Promise<readonly string[]>;
  close(): void;
}

/** Makes a repository, and a directory that is none. */
export function openJudge(): Judge {
  const base = mkdtempSync(path.join(tmpdir(), 'codemachine-docs-'));
  const repository = path.join(base, 'repository');
  const bare = path.join(base, 'bare');
  for (const root of [repository, bare]) {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
  }
  mkdirSync(path.join(repository, '.git'));
  return {
    async codes(snippet) {
      const cwd = snippet.words.includes('no-git') ? bare : repository;
      const file = path.join(cwd, 'snippet.yml');
      writeFileSync(file, wholeFile(snippet));
      const policy = snippet.words.includes('policy') ? 'policy: { max-access: write }\n' : '';
      writeFileSync(path.join(cwd, '.codemachine/config.yml'), policy);
      const problems = await validate(file, { cwd });
      return [...new Set(problems.map(({ code }) => code))];
    },
    close: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** A snippet that starts with a dash is a list of steps, unless it says that it is a whole file. */
function wholeFile({ text, words }: Snippet): string {
  if (!text.startsWith('- ') || words.includes('whole')) return text;
  const steps = text.replace(/^(?=.)/gm, '  ');
  return `name: example\nsteps:\n${steps}`;
}
