/** Finds out how a project of Python starts its tests. */
import type { Listing, TestCommand } from './listing.ts';

const PROJECTS = ['pyproject.toml', 'setup.cfg', 'setup.py', 'tox.ini', 'requirements.txt', 'Pipfile'];

/** What is put before a command, so that it has the packages of the project. */
const LOCKS = [
  ['uv.lock', 'uv run '],
  ['poetry.lock', 'poetry run '],
  ['pdm.lock', 'pdm run '],
  ['Pipfile.lock', 'pipenv run '],
  ['pixi.lock', 'pixi run '],
] as const;

/** The runner that its files speak of, in the environment that its lock file speaks of. */
export function pythonTest(files: Listing): TestCommand | undefined {
  const project = [...PROJECTS, 'pytest.ini', 'noxfile.py', 'manage.py'].find((name) => files.has(name));
  if (project === undefined) return undefined;
  const inside = LOCKS.find(([file]) => files.has(file))?.[1] ?? '';
  const pytest = pytestFile(files);
  if (pytest !== undefined) return { command: `${inside}pytest`, from: pytest };
  if (files.has('tox.ini')) return { command: `${inside}tox`, from: 'tox.ini' };
  if (files.has('noxfile.py')) return { command: `${inside}nox`, from: 'noxfile.py' };
  const python = inside === '' ? 'python3' : `${inside}python`;
  if (files.has('manage.py')) return { command: `${python} manage.py test`, from: 'manage.py' };
  const tests = ['tests', 'test'].find((name) => files.has(name));
  return tests === undefined
    ? undefined
    : { command: `${python} -m unittest discover -s ${tests} -t .`, from: project };
}

function pytestFile(files: Listing): string | undefined {
  if (files.has('pytest.ini')) return 'pytest.ini';
  if (files.has('conftest.py')) return 'conftest.py';
  const texts = files.names.filter((name) => /^requirements.*\.txt$/.test(name));
  return [...PROJECTS, ...texts].find((name) => /\bpytest\b/.test(files.read(name)));
}
