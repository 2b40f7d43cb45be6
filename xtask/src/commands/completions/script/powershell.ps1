# Completions of devtasks for PowerShell: the program is asked at each Tab.
# In $PROFILE: devtasks completions powershell | Out-String | Invoke-Expression

function __@ID@_ask([string[]] $before, [string] $current) {
    # Windows PowerShell drops an empty argument, so a colon stands in front of the last one.
    & @ASKED@ completions powershell -- @before ":$current" 2>$null | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        switch ($word) {
            { $_ -in ':files', ':directories' } {
                [System.Management.Automation.CompletionCompleters]::CompleteFilename($current)
            }
            ':programs' {
                [System.Management.Automation.CompletionCompleters]::CompleteCommand($current)
            }
            default {
                if (-not $about) { $about = $word }
                [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
            }
        }
    }
}

function __@ID@_words($ast, [int] $cursor, [int] $skip) {
    $before = $ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor }
    @($before | Select-Object -Skip $skip | ForEach-Object { $_.Extent.Text })
}
#: plain

Register-ArgumentCompleter -Native -CommandName @NAME@ -ScriptBlock {
    param($word, $ast, $cursor)
    __@ID@_ask (__@ID@_words $ast $cursor 1) $word
}
#: cargo

Register-ArgumentCompleter -Native -CommandName cargo -ScriptBlock {
    param($word, $ast, $cursor)
    $elements = $ast.CommandElements
    if ($elements.Count -ge 2 -and $elements[1].Extent.Text -eq @SUBCOMMAND@ -and $elements[1].Extent.EndOffset -lt $cursor) {
        __@ID@_ask (__@ID@_words $ast $cursor 2) $word
    }
}
#: both
