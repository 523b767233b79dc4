# Completion of kclhost and kclhost-put in fish: the program says what may follow.
function __kclhost_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l typed (commandline --current-token --cut-at-cursor)
    for line in (command $words[1] __complete $words[2..] "$typed" 2>/dev/null)
        switch $line
            case :file
                __kclhost_paths __fish_complete_path "$typed"
            case :directory
                __kclhost_paths __fish_complete_directories "$typed"
            case '*'
                echo $line
        end
    end
end

# fish takes --name=value for one word.
function __kclhost_paths --argument-names complete typed
    set -l name (string match --regex '^--[^=]*=' -- $typed)
    for path in ($complete (string replace -- "$name" '' $typed) '')
        echo "$name$path"
    end
end

complete --command kclhost --no-files --arguments '(__kclhost_complete)'
complete --command kclhost-put --no-files --arguments '(__kclhost_complete)'
