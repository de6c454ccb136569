using System.Globalization;
using System.Text;

namespace Perdure.PlantedBugs.Tests;

/// <summary>
/// Writes the table of docs/planted-bugs.md: with PLANTED_TABLE set to the path, this looks for each bug ten times, from ten first seeds, and writes which oracles saw it and how many seeds that took.
/// </summary>
public sealed class TheTable
{
    private const int Tries = 10, Seeds = 1_000;
    private static readonly TimeSpan PerBug = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("PLANTED_SECONDS") ?? "120", CultureInfo.InvariantCulture));

    [Fact]
    public void Is_written_where_it_is_asked_for()
    {
        if (Environment.GetEnvironmentVariable("PLANTED_TABLE") is not { } path) return;
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var bug in Catalogue.Asked)
        {
            rows[bug.Name] = Row(bug);
            File.WriteAllText(path, Text(path, rows.Values));
        }
    }

    // The text around the table is written by hand, and stays.
    private static string Text(string path, IReadOnlyCollection<string> rows)
    {
        var lines = File.ReadAllLines(path);
        var text = lines.TakeWhile(line => !IsRow(line)).Append("| Bug | What is wrong | Seen by | Caught | Seeds: median | Seeds: worst |").Append("|---|---|---|---|---|---|").Concat(rows)
            .Concat(lines.SkipWhile(line => !IsRow(line)).SkipWhile(IsRow));
        return string.Join('\n', text) + "\n";
    }

    private static bool IsRow(string line) => line.StartsWith('|');

    private static string Row(Bug bug)
    {
        List<int> needed = [];
        SortedDictionary<string, int> oracles = new(StringComparer.Ordinal);
        var hunt = new Hunt(bug);
        var (tries, since) = (0, TimeProvider.System.GetTimestamp());
        for (; tries < Tries && TimeProvider.System.GetElapsedTime(since) < PerBug; tries++)
        {
            var found = hunt.Seeds(1 + 10_000UL * (ulong)tries, Seeds, PerBug - TimeProvider.System.GetElapsedTime(since));
            if (found.Oracle is null && TimeProvider.System.GetElapsedTime(since) >= PerBug) break;
            if (found.Oracle is not { } oracle) continue;
            needed.Add(found.Seeds);
            oracles[oracle] = oracles.GetValueOrDefault(oracle) + 1;
            // What never ends is left behind on its thread: not ten of them.
            if (found.Seen.EndsWith(Hunt.Endless, StringComparison.Ordinal))
            {
                tries++;
                break;
            }
        }
        needed.Sort();
        var seen = new StringBuilder().AppendJoin(", ", oracles.OrderByDescending(o => o.Value).Select(o => o.Key));
        return string.Create(CultureInfo.InvariantCulture,
            $"| {bug.Name} | {bug.Means} | {(seen.Length > 0 ? seen : "**missed**")} | {needed.Count} of {tries} | {(needed.Count > 0 ? needed[needed.Count / 2] : "")} | {(needed.Count > 0 ? needed[^1] : "")} |");
    }
}
