# Completion of kclhost and kclhost-put in bash: the program says what may follow.
_kclhost() {
  local word line words=()
  # bash takes --name=value for three words.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    [ "$word" = = ] || words+=("$word")
  done
  [ "${COMP_WORDS[COMP_CWORD]}" != = ] || words+=("")
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file) compopt -o default ;;
      :directory) compopt -o dirnames ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("$1" __complete "${words[@]}" 2>/dev/null)
}
complete -F _kclhost kclhost kclhost-put
