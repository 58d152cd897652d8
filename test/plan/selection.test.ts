import { describe, expect, test } from 'vitest';
import { globProblem } from '../../src/plan/glob-problem.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { matches, select } from '../../src/plan/selection.ts';
import { shells } from './steps.ts';

const { plan } = planWorkflow(
  shells({ build: [], 'test-unit': ['build'], 'test-e2e': ['build'], ship: ['test-unit'] }),
);
if (plan === undefined) throw new Error('no plan');

describe('select', () => {
  const left = (only?: string[], skip?: string[]) => {
    const result = select(plan, { ...(only && { only }), ...(skip && { skip }) });
    return result.ok ? result.value.steps.filter((p) => p.leftOut).map((p) => p.step.id) : result.error;
  };

  test('leaves out what --only does not name and what --skip does', () => {
    expect(left()).toEqual([]);
    expect(left(['test-*', 'build'])).toEqual(['ship']);
    expect(left(undefined, ['test-*'])).toEqual(['test-unit', 'test-e2e']);
    expect(left(['test-*'], ['*-e2e'])).toEqual(['build', 'test-e2e', 'ship']);
  });

  test('refuses a glob that fits no step: it is a misspelling', () => {
    expect(left(['tset-*'])).toContain('the steps are build, test-unit');
    expect(left(undefined, ['nope'])).toContain('--skip nope');
  });
});

describe('matches', () => {
  test.each([
    ['src/a.ts', ['src/*.ts'], true],
    ['src/deep/a.ts', ['src/*.ts'], false],
    ['src/deep/a.ts', ['src/**/*.ts'], true],
    ['src/.hidden', ['src/*'], true],
    ['src/a.ts', ['src/**', '!**/*.ts'], false],
    ['src/a.ts', ['!**/*.js'], true],
    ['src/a.ts', ['src/**', '!**/*.ts', 'src/a.*'], true],
    ['a.ts', ['{a,b}.ts'], true],
    ['a(1).ts', ['a(1).ts'], true],
    // Repeated groups are none: of thirty letters they would try every way to part them.
    [`${'a'.repeat(60)}!`, ['(a+)+b'], false],
    ['src/app/+page.ts', ['src/*/+page.ts'], true],
  ])('%s in %j: %s', (path, globs, expected) => expect(matches(path, globs)).toBe(expected));

  test('globs that could take minutes are refused', () => {
    expect(globProblem('a*b*c*d*e*f*g')).toContain('6 stars');
    expect(globProblem('**/*.ts')).toBeUndefined();
    expect(globProblem('x'.repeat(2000))).toContain('longer');
    expect(() => matches('x', ['********a*b*c*d*e*f*'])).toThrow('stars');
    expect(globProblem('(a|)'.repeat(30))).toContain('30 groups');
    expect(globProblem(`{${'a,'.repeat(40)}b}`)).toContain('40 alternatives');
    expect(globProblem('{src,test}/**/*.{ts,tsx,js,jsx,mjs,cjs,json,md,yml,yaml}')).toBeUndefined();
  });
});
