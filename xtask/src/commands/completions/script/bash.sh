# Completions of devtasks for bash: the program is asked at each Tab.
# In ~/.bashrc: source <(devtasks completions bash)

__@ID@_ask() {
    local line file cur=${!#}
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files)
                compopt -o filenames 2>/dev/null
                while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$cur")
                ;;
            :directories)
                compopt -o filenames 2>/dev/null
                while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -d -- "$cur")
                ;;
            :programs)
                while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -c -- "$cur")
                ;;
            *)
                COMPREPLY+=("${line%%$'\t'*}")
                ;;
        esac
    done < <(@ASKED@ completions bash -- "$@" 2>/dev/null </dev/null)
}
#: plain

__@ID@() {
    __@ID@_ask "${COMP_WORDS[@]:1:COMP_CWORD}"
}
complete -F __@ID@ @NAME@
#: cargo

# cargo keeps its own completion for everything else.
_completion_loader cargo 2>/dev/null || _comp_load cargo 2>/dev/null
__@ID@_cargo_before=$(complete -p cargo 2>/dev/null)
__@ID@_cargo_before=${__@ID@_cargo_before##*-F }
__@ID@_cargo_before=${__@ID@_cargo_before%% *}
# `cargo xtask` is ours only in a project; elsewhere it is another program.
__@ID@_is_ours() {
    [ @SUBCOMMAND@ != devtasks ] || return 0
    local directory=$PWD
    while [ ! -e "$directory/devtasks.toml" ]; do
        [ -n "$directory" ] || return 1
        directory=${directory%/*}
    done
}
__@ID@_cargo() {
    if [ "$COMP_CWORD" -ge 2 ] && [ "${COMP_WORDS[1]}" = @SUBCOMMAND@ ] && __@ID@_is_ours; then
        __@ID@_ask "${COMP_WORDS[@]:2:COMP_CWORD-1}"
    elif declare -F "$__@ID@_cargo_before" >/dev/null; then
        "$__@ID@_cargo_before" "$@"
    fi
}
case $__@ID@_cargo_before in
    __@ID@_cargo) ;; # sourced twice
    *) complete -o bashdefault -o default -F __@ID@_cargo cargo ;;
esac
#: both
