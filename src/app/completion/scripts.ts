/** Holds what each shell sources to ask the program for candidates. */

/** The shells that can. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof SHELLS)[number];

/** The line that somebody types once, and the file that it is for. */
export const INSTALL: Readonly<Record<Shell, { readonly file: string; readonly line: string }>> = {
  bash: { file: '~/.bashrc', line: 'source <(codemachine completion bash)' },
  zsh: { file: '~/.zshrc, below `compinit`', line: 'source <(codemachine completion zsh)' },
  fish: { file: '~/.config/fish/config.fish', line: 'codemachine completion fish | source' },
};

// What is asked is the program of the PATH, and not the one on the line: that may be one of a repository that nobody has called yet.
// What it prints is data to each of the shells, which nothing is expanded in.
const BASH = `# Completion of codemachine for bash.
# Put this line into ~/.bashrc:  source <(codemachine completion bash)
# bash 3.2, as macOS has it, needs this one:  eval "$(codemachine completion bash)"

_codemachine() {
  local line how=''
  COMPREPLY=()
  while IFS= read -r line; do
    if [ -z "$how" ]; then how=$line; else COMPREPLY+=("$line"); fi
  done <<< "$(command codemachine __complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)"
  # Without compopt (bash 3.2) files are offered wherever there is nothing else: see below.
  type compopt >/dev/null 2>&1 || return 0
  compopt -o nosort 2>/dev/null # bash 4.4
  case " $how " in *' open '*) compopt -o nospace ;; esac
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then
    case " $how " in
      *' directories '*) compopt -o dirnames ;;
      *' any '* | *' yaml '*) compopt -o default ;;
    esac
  fi
}

if type compopt >/dev/null 2>&1; then
  complete -F _codemachine codemachine
else
  complete -o default -F _codemachine codemachine
fi
`;

const ZSH = `#compdef codemachine
# Completion of codemachine for zsh.
# Put this line into ~/.zshrc, below \`compinit\`:  source <(codemachine completion zsh)
# Or write it to a file of your fpath that is called _codemachine.

_codemachine() {
  local -a asked lines blank
  local how
  asked=("\${(@Q)words[2,CURRENT]}")
  # What stands behind the cursor is not asked about.
  asked[-1]="\${(Q)PREFIX}"
  lines=("\${(@f)$(command codemachine __complete zsh "\${asked[@]}" 2>/dev/null </dev/null)}")
  how=" $lines[1] "
  shift lines
  [[ $how == *' open '* ]] && blank=(-S '')
  (( $#lines )) && _describe -V codemachine lines "\${blank[@]}"
  case $how in
    *' any '*) _files ;;
    *' yaml '*) _files -g '*.(yml|yaml)' ;;
    *' directories '*) _files -/ ;;
  esac
}

if [[ $funcstack[1] == _codemachine ]]; then
  _codemachine "$@"
elif (( $+functions[compdef] )); then
  compdef _codemachine codemachine
else
  print -u2 'codemachine: call compinit before this is sourced'
fi
`;

const FISH = `# Completion of codemachine for fish.
# Put this line into ~/.config/fish/config.fish:  codemachine completion fish | source
# Or write it to ~/.config/fish/completions/codemachine.fish

function __codemachine_complete
    set -l lines (command codemachine __complete fish (commandline -cp | string collect) 2>/dev/null </dev/null)
    set -l how " $lines[1] "
    set -e lines[1]
    set -q lines[1]; and printf '%s\\n' $lines
    switch $how
        case '* any *' '* yaml *'
            __fish_complete_path (commandline -ct)
        case '* directories *'
            __fish_complete_directories (commandline -ct)
    end
end

complete -c codemachine -f -k -a '(__codemachine_complete)'
`;

/** What each sources. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
