using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Shop.Tests.Cluster;

/// <summary>Everything that the nodes have said, in one file, and how often they said what. <c>CRASH_LOGS</c> names a folder where it is kept.</summary>
internal sealed partial class NodeLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _file;

    public NodeLog(TemporaryFolder folder)
    {
        var place = Environment.GetEnvironmentVariable("CRASH_LOGS") is { Length: > 0 } kept ? Directory.CreateDirectory(kept).FullName : folder.Path;
        _file = new(Path.Combine(place, $"nodes-{Environment.ProcessId}-{DateTime.UtcNow:HHmmssfff}.log")) { AutoFlush = true };
    }

    /// <summary>Lanes that a node has lost, by why.</summary>
    public ConcurrentDictionary<string, int> Lost { get; } = new();

    /// <summary>Lanes that a node has got, by how the owner before ended.</summary>
    public ConcurrentDictionary<string, int> Gained { get; } = new();

    /// <summary>How many batches the fence has refused.</summary>
    public int Refused => _refused;

    private int _refused;

    /// <summary>What the engine itself calls critical: invariants that broke.</summary>
    public ConcurrentQueue<string> Critical { get; } = new();

    public void Write(string node, string line)
    {
        lock (_gate)
            if (_file.BaseStream is not null) _file.WriteLine($"{DateTime.UtcNow.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {node} {line}");
        if (Passed().Match(line) is { Success: true } passed) Lost.AddOrUpdate(passed.Groups[1].Value, 1, (_, n) => n + 1);
        if (Taken().Match(line) is { Success: true } taken) Gained.AddOrUpdate(taken.Groups[1].Value, 1, (_, n) => n + 1);
        if (line.Contains(" was refused by the fence, ", StringComparison.Ordinal)) Interlocked.Increment(ref _refused);
        // Pages are told at that level too, and are expected.
        if (line.StartsWith("crit: Perdure[", StringComparison.Ordinal)) Critical.Enqueue($"{node} {line}");
    }

    public void Dispose()
    {
        lock (_gate) _file.Dispose();
    }

    [GeneratedRegex(@"Lane \d+ has passed from this node \(([^:]+):")]
    private static partial Regex Passed();

    [GeneratedRegex(@"Lane \d+ is this node's with epoch \d+; ([^.]+)\.")]
    private static partial Regex Taken();
}
