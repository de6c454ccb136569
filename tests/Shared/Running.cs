using System.Diagnostics;
using System.Globalization;

namespace Perdure.Tests;

/// <summary>A program as a process of its own: what it says is heard line by line, and it is asked to stop as a terminal asks.</summary>
internal sealed class Running : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _said = [];
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts it: a program, or <c>dotnet</c> with an assembly.</summary>
    public Running(string program, IEnumerable<string> arguments, string? folder = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (folder is not null) start.WorkingDirectory = folder;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        _process = new() { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>All it said until now, on both streams.</summary>
    public string Said
    {
        get { lock (_gate) return string.Join('\n', _said); }
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Waits until it has said something.</summary>
    public async Task Says(string text, TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? Patience);
        while (true)
        {
            Task heard;
            lock (_gate)
            {
                if (_said.Any(line => line.Contains(text, StringComparison.Ordinal))) return;
                heard = _heard.Task;
            }
            try { await heard.WaitAsync(patience.Token); }
            catch (OperationCanceledException) { throw new TimeoutException($"It did not say \"{text}\":\n{Said}"); }
        }
    }

    /// <summary>A line for its input.</summary>
    public void Tell(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>Ctrl-C: SIGINT, to this process alone.</summary>
    public void Interrupt() => Signal("INT");

    /// <summary>A signal by its name, to this process alone.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended, and gives its exit code.</summary>
    public async Task<int> Ends(TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? Patience);
        try { await _process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { throw new TimeoutException($"It did not end:\n{Said}"); }
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        lock (_gate)
        {
            _said.Add(line);
            var heard = _heard;
            _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
            heard.SetResult();
        }
    }
}
