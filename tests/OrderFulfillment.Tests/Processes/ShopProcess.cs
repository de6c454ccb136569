using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Perdure.Tests;

namespace Shop.Tests.Processes;

/// <summary>The sample as people run it: a process of its own.</summary>
public sealed partial class ShopProcess : IAsyncDisposable
{
    private const int LinesKept = 200;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly TaskCompletionSource<Uri> _listens = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _stage;

    private readonly Action<string>? _heard;

    private ShopProcess(string folder, IEnumerable<string> settings, Action<string>? heard = null)
    {
        _heard = heard;
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "OrderFulfillment.dll"), "--urls", "http://127.0.0.1:0", "--data", folder },
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Logs are read as they are written, whatever the machine's environment says.
            Environment = { ["DOTNET_ENVIRONMENT"] = "Production", ["Logging__Console__FormatterName"] = "simple", ["DOTNET_TieredPGO"] = "0" },
        };
        foreach (var setting in settings) start.ArgumentList.Add(setting);
        _process = new() { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.Exited += (_, _) =>
        {
            var ended = new EndedEarly($"The shop ended with {_process.ExitCode}:\n{Said}");
            _listens.TrySetException(ended);
            _reached.TrySetException(ended);
        };
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The last it wrote.</summary>
    public string Said => string.Join('\n', _said);

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts it and waits until it is ready; or, where it <paramref name="mayDie"/>, until it is dead. Every line that it writes is <paramref name="heard"/>.</summary>
    public static async Task<ShopProcess> Start(string folder, IEnumerable<string> settings, CancellationToken cancellation, bool mayDie = false, Action<string>? heard = null)
    {
        var shop = new ShopProcess(folder, settings, heard);
        try
        {
            shop._process.Start();
            shop._process.BeginOutputReadLine();
            shop._process.BeginErrorReadLine();
            shop.Address = await shop._listens.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellation);
            await shop.Ready(mayDie, cancellation);
            return shop;
        }
        catch (EndedEarly) when (mayDie)
        {
            return shop;
        }
        catch
        {
            await shop.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it says while it starts: that it has opened its file, that the lane is its own and what was at work is taken up, that it can be reached.</summary>
    public static IReadOnlyList<string> Stages { get; } = ["Opened ", " owns ", "Now listening on"];

    /// <summary>Starts it and kills it as soon as it says something.</summary>
    public static async Task DieStarting(string folder, IEnumerable<string> settings, string stage, CancellationToken cancellation)
    {
        await using var shop = new ShopProcess(folder, settings) { _stage = stage };
        shop._process.Start();
        shop._process.BeginOutputReadLine();
        shop._process.BeginErrorReadLine();
        await shop._reached.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellation);
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task Kill()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended by itself, and gives its exit code.</summary>
    public async Task<int> Exited(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Sends it a signal, such as <c>STOP</c>.</summary>
    public void Signal(string signal) => ProcessTable.Signal(signal, Id);

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<int> Terminate(CancellationToken cancellation)
    {
        Signal("TERM");
        await _process.WaitForExitAsync(cancellation);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await Kill();
        _process.Dispose();
    }

    private async Task Ready(bool mayDie, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = Address };
        await Eventually.Holds(async () =>
        {
            try
            {
                using var response = await http.GetAsync("/health/ready", cancellation);
                return response.StatusCode == HttpStatusCode.OK ? "ready" : await response.Content.ReadAsStringAsync(cancellation);
            }
            catch (HttpRequestException exception)
            {
                if (mayDie && _process.HasExited) return "ready";
                Assert.False(_process.HasExited, $"The shop died:\n{Said}");
                return exception.Message;
            }
        }, said => said == "ready", cancellation, TimeSpan.FromSeconds(30));
    }

    private sealed class EndedEarly(string message) : Exception(message);

    private void Hear(string? line)
    {
        if (line is null) return;
        _heard?.Invoke(line);
        _said.Enqueue(line);
        while (_said.Count > LinesKept) _said.TryDequeue(out _);
        if (_stage is not null && line.Contains(_stage, StringComparison.Ordinal)) _reached.TrySetResult();
        if (Listening().Match(line) is { Success: true } found) _listens.TrySetResult(new(found.Groups[1].Value));
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex Listening();
}
