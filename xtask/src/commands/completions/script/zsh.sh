# Completions of devtasks for zsh: the program is asked at each Tab.
# In ~/.zshrc, after compinit: source <(devtasks completions zsh)

__@ID@_ask() {
    local line value
    local -a values
    for line in "${(@f)$(@ASKED@ completions zsh -- "$@" 2>/dev/null </dev/null)}"; do
        case $line in
            :files) compset -P '--*='; _files ;;
            :directories) compset -P '--*='; _files -/ ;;
            :programs) _command_names -e ;;
            '') ;;
            *)
                value=${line%%$'\t'*}
                values+=("${value//:/\\:}:${line#*$'\t'}")
                ;;
        esac
    done
    (( $#values )) && _describe -V @ID@ values
}
#: plain

__@ID@() {
    __@ID@_ask "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}"
}
compdef __@ID@ @NAME@
#: cargo

# cargo keeps its own completion for everything else.
if [[ ${_comps[cargo]} != __@ID@_cargo ]]; then
    typeset -g __@ID@_cargo_before=${_comps[cargo]}
fi
# `cargo xtask` is ours only in a project; elsewhere it is another program.
__@ID@_is_ours() {
    [[ @SUBCOMMAND@ != devtasks ]] || return 0
    local directory=$PWD
    while [[ ! -e $directory/devtasks.toml ]]; do
        [[ -n $directory ]] || return 1
        directory=${directory%/*}
    done
}
__@ID@_cargo() {
    if (( CURRENT >= 3 )) && [[ $words[2] == @SUBCOMMAND@ ]] && __@ID@_is_ours; then
        __@ID@_ask "${(@Q)words[3,CURRENT-1]}" "${(Q)PREFIX}"
    elif [[ -n $__@ID@_cargo_before ]]; then
        $__@ID@_cargo_before "$@"
    else
        _default
    fi
}
compdef __@ID@_cargo cargo
#: both
