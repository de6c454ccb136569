using System.Diagnostics;

namespace Perdure.Tests;

/// <summary>
/// Ends what this process has started, however this process ends. A small shell waits on a pipe whose other end only we hold: it closes with us, also at SIGKILL. The shell has a
/// session of its own, so that a signal to our whole group does not reach it.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    // A command that had been started when we died may still be at its work: then once more.
    private const string Script = """
        cat > /dev/null
        folder=$1; shift
        for try in 1 2 3 4 5; do
          "$@" > /dev/null 2>&1
          [ -z "$folder" ] && exit
          rm -rf "$folder" 2> /dev/null
          [ -e "$folder" ] || exit
          sleep 0.3
        done
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly bool HasSessions = File.Exists("/usr/bin/setsid");

    private readonly Process _shell;

    /// <summary>Watches from now on.</summary>
    /// <param name="folder">What is removed in the end; null for nothing.</param>
    /// <param name="command">What is run before.</param>
    public Watchdog(string? folder, params string[] command)
    {
        string[] shell = ["sh", "-c", Script, "watchdog", folder ?? "", .. command];
        if (HasSessions) shell = ["/usr/bin/setsid", .. shell];
        _shell = Process.Start(new ProcessStartInfo(shell[0], shell[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
    }

    /// <summary>Ends it now.</summary>
    public async Task End()
    {
        _shell.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        await _shell.WaitForExitAsync(patience.Token);
    }

    public void Dispose() => _shell.Dispose();
}
