using System.Diagnostics;
using System.Globalization;

namespace Perdure.Tests;

/// <summary>Processes by their numbers, whoever started them.</summary>
internal static class ProcessTable
{
    /// <summary>Whether there is such a process; one that is dead and only waits for its parent to notice is none.</summary>
    public static bool Lives(int process) => Stat(process) is not (null or ["Z" or "X", ..]);

    /// <summary>The processes that one has started.</summary>
    public static IReadOnlyList<int> Children(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(process => Stat(process) is [_, var of, ..] && of == Text(parent))];

    /// <summary>A process and all that it has started, each behind the one that started it.</summary>
    public static IReadOnlyList<int> Tree(int root) => [root, .. Children(root).SelectMany(Tree)];

    /// <summary>Sends a signal, such as <c>KILL</c>; to a whole group where the number is below zero.</summary>
    public static void Signal(string signal, params IEnumerable<int> processes)
    {
        using var kill = Process.Start("kill", ["-" + signal, "--", .. processes.Select(Text)]);
        kill.WaitForExit();
    }

    /// <summary>Waits until a process is gone.</summary>
    public static async Task Gone(int process, TimeSpan within)
    {
        var since = Stopwatch.GetTimestamp();
        while (Lives(process))
        {
            if (Stopwatch.GetElapsedTime(since) > within) throw new TimeoutException($"Process {process} is there after {within}.");
            await Task.Delay(5);
        }
    }

    // Behind the name, which stands in brackets and may be anything: the state, the parent, …
    private static string[]? Stat(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{Text(process)}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException) { return null; }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
