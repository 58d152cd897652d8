# Behaves as Aider does, by its source: text on standard output, and 0 at the end whatever happened.
streams=$(dirname "$0")/../../engines/streams/aider
message= notes= dry= git=
echo "$@" >arguments.txt
while [ $# -gt 0 ]; do
  case $1 in
  --message-file) message=$2 && shift ;;
  --llm-history-file) notes=$2 && shift ;;
  --dry-run) dry=yes ;;
  --git) git=yes ;;
  --nope) echo "aider: error: unrecognized arguments: $1" >&2 && exit 2 ;;
  esac
  shift
done
# Where it is asked to use git and finds none, it makes a repository.
if [ -n "$git" ] && [ ! -e .git ]; then mkdir .git; fi
mkdir -p .aider.tags.cache.v4
# A command of its own is no request, and neither is nothing.
[ -s "$message" ] || exit 0
case $(head -c 1 "$message") in / | !) exit 0 ;; esac
scenario=$(sed -n 's/.*SCENARIO:\([a-z0-9-]*\).*/\1/p' "$message" | head -n 1)
if grep -q 'It could not be used' "$message"; then scenario=schema; fi
case $scenario in
noted)
  sed '/^Tokens/,$d' "$streams/text.txt"
  printf 'TO LLM 2026-01-01T00:00:00\nUSER hello\nLLM RESPONSE 2026-01-01T00:00:00\nASSISTANT noted\n' >>"$notes"
  printf '{"event": "message_send", "properties": {"prompt_tokens": 1234, "completion_tokens": 56, "cost": 0.0051}}\n' >>"$notes"
  sed -n '/^Tokens/,$p' "$streams/text.txt"
  ;;
hang)
  sed '/^Hello/,$d' "$streams/text.txt"
  : >ready
  sleep 600 &
  setsid sleep 600 &
  wait
  ;;
stall)
  sed '/^Tokens/,$d' "$streams/text.txt"
  : >ready
  exec sleep 600
  ;;
cut) sed '/^Tokens/,$d' "$streams/text.txt" ;;
environment)
  env >seen.txt
  cat "$streams/text.txt"
  ;;
edit)
  [ -n "$dry" ] || echo hi >a.txt
  cat "$streams/edit.txt"
  ;;
*) cat "$streams/${scenario:-text}.txt" ;;
esac
