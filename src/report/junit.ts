/** Writes what came of workflow tests as JUnit XML, as Jenkins and GitLab read it. */
import type { TestFailure, TestResult, TestTotals } from './tests.ts';
import { attributes, escaped, seconds } from './xml.ts';

/**
 * The whole document. A test file is a suite. Attributes are those of Jenkins' junit-10.xsd
 * (https://github.com/jenkinsci/xunit-plugin), with `file`, which GitLab reads too.
 * @param at when the tests started, ISO 8601
 */
export function junit(results: readonly TestResult[], totals: TestTotals, at: string): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) =>
    suite(
      file,
      results.filter((one) => one.file === file),
      at,
    ),
  );
  const { passed, failed, skipped } = totals;
  const head = attributes({
    name: 'codemachine test',
    tests: passed + failed + skipped,
    failures: failed,
    errors: 0,
    time: seconds(totals['duration-ms']),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.join('')}</testsuites>\n`;
}

function suite(file: string, results: readonly TestResult[], at: string): string {
  const many = (status: TestResult['status']) => results.filter((one) => one.status === status).length;
  const time = results.reduce((sum, one) => sum + one['duration-ms'], 0);
  const head = attributes({
    ...{ name: file, tests: results.length, failures: many('failed'), errors: 0, skipped: many('skipped') },
    // Of a time with its zone, Jenkins' schema wants none; UTC is meant.
    ...{ time: seconds(time), timestamp: at.slice(0, 19) },
  });
  return `  <testsuite${head}>\n${results.map(testcase).join('')}  </testsuite>\n`;
}

function testcase(result: TestResult): string {
  const { name, file, failures, status } = result;
  const head = attributes({ name, classname: file, file, time: seconds(result['duration-ms']) });
  if (status === 'passed') return `    <testcase${head}/>\n`;
  const inside = status === 'skipped' ? '      <skipped/>\n' : failures.map(failure).join('');
  return `    <testcase${head}>\n${inside}    </testcase>\n`;
}

function failure(one: TestFailure): string {
  const { path, line, column, message, expected, found, help, detail } = one;
  const lines = [
    `${path}:${line}:${column}: ${message}`,
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(found === undefined ? [] : [`found: ${found}`]),
    ...(help === undefined ? [] : [help]),
    ...(detail === undefined ? [] : [detail]),
  ];
  const head = attributes({ message, type: expected === undefined ? 'error' : 'expectation' });
  return `      <failure${head}>${escaped(lines.join('\n'))}</failure>\n`;
}
