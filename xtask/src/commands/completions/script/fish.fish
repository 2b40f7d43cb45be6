# Completions of devtasks for fish: the program is asked at each Tab.
# In ~/.config/fish/config.fish: devtasks completions fish | source

function __@ID@_ask
    set -l current (commandline -ct)
    @ASKED@ completions fish -- $argv "$current" 2>/dev/null </dev/null | while read -l line
        switch $line
            case ':files'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
            case ':directories'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$current") ''
            case ':programs'
                __fish_complete_command
            case '*'
                printf '%s\n' $line
        end
    end
end
#: plain

function __@ID@
    set -l words (commandline -opc)
    __@ID@_ask $words[2..]
end
complete -c @NAME@ -f -a '(__@ID@)'
#: cargo

# `cargo xtask` is ours only in a project; elsewhere it is another program.
function __@ID@_is_ours
    set -l words (commandline -opc)
    test (count $words) -ge 2 -a "$words[2]" = @SUBCOMMAND@; or return 1
    test @SUBCOMMAND@ != devtasks; or return 0
    set -l directory $PWD
    while not test -e $directory/devtasks.toml
        test "$directory" != / -a -n "$directory"; or return 1
        set directory (dirname $directory)
    end
end
function __@ID@_cargo
    set -l words (commandline -opc)
    __@ID@_ask $words[3..]
end
complete -c cargo -n __@ID@_is_ours -f -a '(__@ID@_cargo)'
#: both
