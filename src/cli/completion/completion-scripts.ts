/** Scripts that make each shell ask `smithers __complete` for the candidates. */
export const completionScripts = {
  bash: `_smithers() {
  local line="\${COMP_LINE:0:COMP_POINT}" current value about
  local -a words
  read -ra words <<< "$line"
  if [[ $line == *[[:space:]] ]]; then words+=(""); fi
  current="\${words[\${#words[@]} - 1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value about; do
    # Bash starts a new word after a colon.
    if [[ $current == *:* ]]; then value="\${value#"\${current%:*}:"}"; fi
    COMPREPLY+=("$(printf %q "$value")")
  done < <(smithers __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _smithers smithers
`,
  zsh: `#compdef smithers
_smithers() {
  local -a found
  local value about
  while IFS=$'\\t' read -r value about; do
    found+=("\${value//:/\\\\:}:$about")
  done < <(smithers __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe smithers found
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_smithers" ]; then
  _smithers "$@"
else
  compdef _smithers smithers
fi
`,
  fish: `function __smithers_complete
  set -l words (commandline -opc) (commandline -ct)
  smithers __complete -- $words[2..-1] 2>/dev/null
end
complete -c smithers -f -a '(__smithers_complete)'
complete -c smithers -n 'test -z "$(__smithers_complete)"' -F
`,
} as const;

export type Shell = keyof typeof completionScripts;
