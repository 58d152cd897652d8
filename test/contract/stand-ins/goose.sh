# Behaves as goose does, by its source: events on standard output, its sessions by name below HOME.
streams=$(dirname "$0")/../../engines/streams/goose
resume= name= builtin= server=
[ "$1" = run ] || exit 2
echo "$@" >arguments.txt
while [ $# -gt 0 ]; do
  case $1 in
  --resume) resume=yes ;;
  --name) name=$2 && shift ;;
  --with-builtin) builtin=$2 && shift ;;
  --with-extension) server=$2 && shift ;;
  --nope) echo "error: unexpected argument '$1' found" >&2 && exit 2 ;;
  esac
  shift
done
prompt=$(cat)
mkdir -p "$HOME/sessions"
session=$HOME/sessions/$name
if [ -n "$resume" ] && [ ! -e "$session" ]; then
  echo "Error: No session found with name '$name'" >&2
  exit 1
fi
echo turn >>"$session"
turns=$(grep -c . "$session")
# Its own commands are answered without a model.
case $prompt in /*)
  echo '{"type":"message","message":{"id":"m","role":"assistant","content":[{"type":"systemNotification","notificationType":"inlineMessage","msg":"Conversation cleared"}]}}'
  echo '{"type":"complete","total_tokens":0,"input_tokens":0,"output_tokens":0}'
  exit 0
  ;;
esac
if [ -n "$server" ]; then eval "set -- $server" && "$1" </dev/null; fi
scenario=$(printf '%s\n' "$prompt" | sed -n 's/.*SCENARIO:\([a-z0-9-]*\).*/\1/p' | head -n 1)
case $prompt in *'Your answer could not be used'*) scenario=schema ;; esac
run=$streams/${scenario:-text}.jsonl
case $scenario in
hang | tool)
  [ "$scenario" = hang ] || head -n 2 "$streams/edit.jsonl"
  : >ready
  sleep 600 &
  setsid sleep 600 &
  wait
  ;;
stall)
  head -n 1 "$streams/text.jsonl"
  : >ready
  exec sleep 600
  ;;
cut) sed '$d' "$streams/text.jsonl" ;;
environment)
  env >seen.txt
  cat "$streams/text.jsonl"
  ;;
edit)
  if [ "$GOOSE_MODE" = auto ] && [ "$builtin" = developer ]; then echo hi >a.txt; else run=$streams/text.jsonl; fi
  cat "$run"
  ;;
*)
  # What it counts is what the whole session used.
  cost=$(awk "BEGIN { print 0.0051 * $turns }")
  tokens="\"input_tokens\":$((1200 * turns)),\"output_tokens\":$((100 * turns))"
  sed "s/\"input_tokens\":1200,\"output_tokens\":100,\"cost_usd\":0.0051/$tokens,\"cost_usd\":$cost/" "$run"
  grep -q '"type":"error"' "$run" && exit 1
  ;;
esac
exit 0
