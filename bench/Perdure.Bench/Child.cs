using System.Diagnostics;
using System.Text.Json;

namespace Perdure.Bench;

/// <summary>This program once more, in a process of its own, and the marks that it gives.</summary>
internal sealed class Child : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _said = [];

    private Child(Process process) => _process = process;

    public int Id => _process.Id;

    // Under `dotnet run` the process is the program itself; under `dotnet x.dll` it is dotnet, which has to be told.
    public static ProcessStartInfo Command(params string[] arguments) => new(Environment.ProcessPath!,
        [.. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? new[] { typeof(Child).Assembly.Location } : [], .. arguments]);

    public static Child Start(string bench, params (string Name, object Value)[] options)
    {
        var command = Command([bench, "--Marks", .. options.Select(o => $"--{o.Name}={o.Value}")]);
        command.RedirectStandardInput = command.RedirectStandardOutput = true;
        return new(Process.Start(command)!);
    }

    /// <summary>Waits for a mark, past whatever else is said.</summary>
    public async Task<JsonElement> Mark(string name)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _said.Add(line);
            if (line.StartsWith("{\"mark\"", StringComparison.Ordinal) && JsonSerializer.Deserialize<JsonElement>(line) is var mark && mark.GetProperty("mark").GetString() == name) return mark;
        }
        throw new InvalidOperationException($"A process ended before '{name}':\n{string.Join('\n', _said.TakeLast(30))}");
    }

    /// <summary>Lets it go on where it waits (<see cref="Options.Signal"/>).</summary>
    public async Task Go()
    {
        await _process.StandardInput.WriteLineAsync("go");
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Ends it as a machine ends that loses its power.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task Done()
    {
        await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        if (_process.ExitCode != 0) throw new InvalidOperationException($"A process ended with {_process.ExitCode}:\n{string.Join('\n', _said.TakeLast(30))}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
