/** Ends a run's children when the runner itself is killed, then removes the files that were for them. */
import path from 'node:path';
import { ownerPattern } from './mark.ts';
import { startHelper } from './process.ts';
import { scratchPrefix } from './scratch.ts';

/** A watcher at its post. */
export interface Watcher {
  /** The runner ends in an orderly way and looks after its children itself. */
  close(): void;
}

// A shell, because a second Node would cost 40 MB for the whole run. The pattern comes over the pipe: `ps` shows
// arguments, so a watcher that had it there would find itself.
const SCRIPT = `
IFS= read -r mark || exit 0
IFS= read -r scratch || exit 0
IFS= read -r bye && exit 0
marked() {
  if [ -r /proc/self/environ ]; then
    grep -lF -e "$mark" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do echo "$pid"; done
  else
    { printf '%s\\n' "$mark"; ps -A -E -ww -o pid=,command=; } | awk 'NR==1 {m=$0; next} index($0, m) {print $1}'
  fi
}
told=' ' quiet=0 looks=0
while [ "$quiet" -lt 3 ] && [ "$looks" -lt 200 ]; do
  quiet=$((quiet + 1)) looks=$((looks + 1))
  for pid in $(marked); do
    quiet=0
    if [ "$looks" -gt 20 ]; then kill -s KILL "$pid" 2>/dev/null; continue; fi
    case "$told" in *" $pid "*) ;; *) kill -s TERM "$pid" 2>/dev/null; told="$told$pid " ;; esac
  done
  sleep 0.05 2>/dev/null || sleep 1
done
case "$scratch" in /*/agent-*) rm -rf -- "$scratch"* ;; esac
`;

/**
 * Starts a process that waits for ours to die. The pipe between them closes however that happens, also by `kill -9`; then it ends
 * what this owner of the run has started: SIGTERM, a second later SIGKILL, until three looks in a row find nothing (a child may
 * just be between fork and exec). What agents were given in files below `tmp` may hold secrets, and goes with them.
 */
export function startWatcher(run: string, epoch: number, tmp: string): Watcher {
  const helper = startHelper('sh', ['-c', SCRIPT]);
  const scratch = path.resolve(tmp, scratchPrefix(run, epoch));
  // Cut at a line break it would name another place.
  helper.tell(`${ownerPattern(run, epoch)}\n${scratch.includes('\n') ? '' : scratch}\n`);
  return { close: () => helper.close('bye\n') };
}
