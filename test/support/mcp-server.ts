// A server that an engine takes for a good one, in the language of a POSIX shell.

/** The arguments of `/bin/sh`: does `first`, then answers as a server without tools until nobody asks any more. */
export function mcpServer(first: string): string[] {
  const script = `${first}
while read -r line; do
  case $line in
    *'"id":'*) id=\${line#*\\"id\\":}; id=\${id%%[,\\}]*} ;;
    *) continue ;;
  esac
  case $line in
    *'"initialize"'*)
      version=\${line#*\\"protocolVersion\\":\\"}; version=\${version%%\\"*}
      result="{\\"protocolVersion\\":\\"$version\\",\\"capabilities\\":{\\"tools\\":{}},\\"serverInfo\\":{\\"name\\":\\"mine\\",\\"version\\":\\"1.0.0\\"}}" ;;
    *) result='{"tools":[]}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$result"
done`;
  return ['-c', script];
}
