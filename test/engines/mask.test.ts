// No spelling of a secret gets through, however the stream is cut; everything else comes out as it went in.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMasker } from '../../src/engines/mask.ts';
import { runs } from '../support/seed.ts';

const SECRET = `p4$$ "w'ö\\rd/+?~tok <en>&!`;

/** How programs spell a value; none of these knows what the masker looks for. */
const spellings: Readonly<Record<string, (value: string) => string | Buffer>> = {
  raw: (value) => value,
  'in a sentence': (value) => `token=${value}; next`,
  base64: (value) => Buffer.from(value).toString('base64'),
  'base64 after one byte': (value) => Buffer.from(`:${value}`).toString('base64'),
  'base64 after two bytes': (value) => Buffer.from(`u:${value}@host`).toString('base64'),
  'base64 before a newline': (value) => Buffer.from(`${value}\n`).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  hex: (value) => Buffer.from(value).toString('hex'),
  'hex in capitals': (value) => Buffer.from(value).toString('hex').toUpperCase(),
  'a URI component': (value) => encodeURIComponent(value),
  'a form': (value) => new URLSearchParams({ value }).toString().slice('value='.length),
  JSON: (value) => JSON.stringify(value),
  'JSON in JSON': (value) => JSON.stringify(JSON.stringify(value)),
  'JSON of Python': (value) => python('import json,sys; print(json.dumps(sys.argv[1]))', value),
  // encoding/json, and JavaScriptEncoder.Default.
  'JSON of Go': (value) => JSON.stringify(value).replace(/[<>&]/g, (letter) => unicode(letter)),
  'JSON of .NET': (value) =>
    `"${[...value].map((letter) => (/[^ -~]|["&'+<>`]/.test(letter) ? unicode(letter, true) : letter === '\\' ? '\\\\' : letter)).join('')}"`,
  'bash -x': (value) => bash('set -x; : "$1"', value, 'stderr'),
  'printf %q': (value) => bash('printf %q "$1"', value),
  '${x@Q}': (value) => bash('x=$1; echo "${x@Q}"', value),
  'double quotes': (value) => `"${value.replace(/[\\"$`]/g, '\\$&')}"`,
};

function unicode(letter: string, capitals = false): string {
  const code = letter.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${capitals ? code.toUpperCase() : code}`;
}

function bash(script: string, value: string, from: 'stdout' | 'stderr' = 'stdout'): string {
  const redirected = from === 'stderr' ? `exec 2>&1; ${script}` : script;
  return execFileSync('bash', ['-c', redirected, 'bash', value], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  });
}

function python(script: string, value: string): string {
  return execFileSync('python3', ['-c', script, value], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  });
}

function masked(values: readonly string[], text: string | Uint8Array, cuts: readonly number[] = []): Buffer {
  const stream = makeMasker(values).stream();
  const bytes = Buffer.from(text);
  const out: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(to, bytes.length);
    out.push(Uint8Array.from(stream.push(bytes.subarray(from, end))));
    from = end;
  }
  out.push(Uint8Array.from(stream.push(bytes.subarray(from))), stream.end());
  return Buffer.concat(out);
}

/** Whether the value can be won back from the text, or its first or last half. */
function leaks(out: string, spelled: string): boolean {
  const half = Math.floor(spelled.length / 2);
  return half > 5 && (out.includes(spelled.slice(1, half)) || out.includes(spelled.slice(half, -1)));
}

describe('a secret', () => {
  it.each(Object.keys(spellings))('is masked as %s', (name) => {
    const spelled = String(spellings[name]?.(SECRET));
    const out = masked([SECRET], spelled).toString();
    expect(out).toContain('***');
    expect(leaks(out, spelled)).toBe(false);
  });

  it('is masked line by line', () => {
    const key = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\r\nabc\nq83JmNfW1xk9Qw==\n-----END KEY-----\n';
    const out = masked([key], '  1 MIIEpAIBAAKCAQEA\n  2 abc\n  3 q83JmNfW1xk9Qw==\n').toString();
    expect(out).toBe('  1 ***\n  2 abc\n  3 ***\n');
  });

  it('is masked in base64 that is broken into lines', () => {
    const long = 'correct horse battery staple '.repeat(8);
    const broken = Buffer.from(long).toString('base64').replace(/.{76}/g, '$&\n');
    expect(masked([long], broken).toString()).toBe(
      '***\n***\n***\n***\n***'.slice(0, 3 + 4 * Math.floor(broken.length / 77)),
    );
  });

  it('is masked once where several overlap or touch', () => {
    expect(masked(['abcdefgh', 'efghijkl'], '<abcdefghijkl> <abcdefghabcdefgh>').toString()).toBe(
      '<***> <***>',
    );
  });

  it('is masked where it lies in what may become a longer one', () => {
    const words = ['abc-defghi-jkl', 'defghi'];
    expect(masked(words, 'abc-defghi-xyz', [10]).toString()).toBe('abc-***-xyz');
    expect(masked(words, 'abc-defghi-jkl', [10]).toString()).toBe('***');
  });

  it('under six characters is left alone', () => {
    expect(masked(['true', '12345', 'ab\ncd\nef'.slice(0, 5)], 'true 12345').toString()).toBe('true 12345');
  });

  it('is taken out of JSON: strings, keys, numbers, at any depth', () => {
    const { json } = makeMasker(['123456', 'hunter22']);
    expect(
      json({ hunter22: 1, list: [123456, 'x hunter22', null, true], __proto__x: { y: 'clean' } }),
    ).toEqual({
      '***': 1,
      list: ['***', 'x ***', null, true],
      __proto__x: { y: 'clean' },
    });
    expect(json(JSON.parse('{"__proto__": "hunter22"}'))).toEqual(JSON.parse('{"__proto__": "***"}'));
    expect(Object.keys(json({ hunter22: 1, 'hunter22\n': 2, '***': 3 }))).toHaveLength(3);
  });

  it('holds nothing back that cannot be one', () => {
    const stream = makeMasker(['hunter22']).stream();
    expect(Buffer.from(stream.push(Buffer.from('password? '))).toString()).toBe('password? ');
    expect(Buffer.from(stream.push(Buffer.from('it is hun'))).toString()).toBe('it is ');
    expect(Buffer.from(stream.push(Buffer.from('gry'))).toString()).toBe('hungry');
  });

  it('leaves text alone that bytes cannot carry', () => {
    const half = 'x\ud83d';
    expect(makeMasker(['hunter22']).text(half)).toBe(half);
  });
});

describe('whatever the secrets, the spelling and the cuts', () => {
  const secret = fc.oneof(
    fc.string({ minLength: 6, maxLength: 40 }),
    fc.string({ minLength: 6, maxLength: 30, unit: 'grapheme' }),
    fc.stringMatching(/^[ab*]{6,12}$/),
    fc.base64String({ minLength: 8, maxLength: 100 }),
  );
  const pure = Object.entries(spellings).filter(([, spell]) => !/bash|python/.test(String(spell)));
  const spelling = fc.constantFrom(...pure.map(([, spell]) => spell));
  const cuts = fc.array(fc.nat(400), { maxLength: 30 });

  it('no secret appears in what comes out', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(spelling, fc.nat(2), fc.string())),
        cuts,
        (secrets, parts, at) => {
          const words = secrets.filter((value) => value.length >= 6 && !'***'.includes(value));
          const stream = parts
            .map(([spell, which, noise]) => `${spell(secrets[which % secrets.length] ?? '')}${noise}`)
            .join('');
          const out = masked(words, stream, at);
          for (const word of words) {
            // A value made of stars may be spelled by the masks themselves.
            if (/^\*+$/.test(word.trim())) continue;
            expect(out.includes(Buffer.from(word))).toBe(false);
            expect(out.includes(Buffer.from(word).toString('hex'))).toBe(false);
          }
        },
      ),
      runs(500),
    );
  });

  it('the cuts change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(spelling, fc.nat(2), fc.string())),
        cuts,
        (secrets, parts, at) => {
          const stream = parts
            .map(([spell, which, noise]) => `${spell(secrets[which % secrets.length] ?? '')}${noise}`)
            .join('');
          expect(masked(secrets, stream, at).equals(masked(secrets, stream))).toBe(true);
        },
      ),
      runs(500),
    );
  });

  it('bytes without a secret come out as they went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), cuts, (bytes, at) => {
        expect(masked(['hunter22hunter22', 'correct-horse'], bytes, at).equals(Buffer.from(bytes))).toBe(
          true,
        );
      }),
      runs(300),
    );
  });
});
