namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>Bodies against their journal.</summary>
    private static IEnumerable<Bug> Bodies =>
    [
        Planted("journal-by-position", "The journal is read by the position of an ask, not by its name.", Replay + "BodyRun.cs",
            "        if (Instance.Journal.TryGetValue(name, out var entry))\n        {\n            if (Differs", "        if (Instance.Journal.Values.OrderBy(e => e.Ordinal).ElementAtOrDefault(_asked.Count - 1) is { } entry)\n        {\n            if (Differs"),
        Planted("divergence-hidden-by-a-catch", "A divergence is an exception that a body's catch can hide.", Replay + "BodyRun.cs",
            "                Break(difference);\n                return Never<T>();", "                return Task.FromException<T>(difference);"),
        Planted("divergence-not-seen", "A changed input is not compared with the journaled one.", Replay + "BodyRun.cs",
            "return host.IsSame(entry, input) ? null", "return host.IsSame(entry, input) || entry.Ordinal > 0 ? null"),
        Planted("random-not-journaled", "A random number is drawn again on replay.", Replay + "BodyRunVisit.cs",
            "public double Random(string name) => Once(name, host.NextShare);", "public double Random(string name) => host.NextShare();"),
        Planted("results-in-the-order-of-asking", "Results are handed over in the order of their intents on replay.", Replay + "BodyRun.cs",
            "            if (entry.IsDone) _ready.Enqueue(awaiter, entry.DoneAs);", "            if (entry.IsDone) _ready.Enqueue(awaiter, entry.Ordinal);"),
        Planted("done-entries-asked-again", "A finished entry that is asked for again on replay never answers.", Replay + "BodyRun.cs",
            "            if (entry.IsDone) _ready.Enqueue(awaiter, entry.DoneAs);", "            if (entry.IsDone && entry.Status != EntryStatus.Failed) _ready.Enqueue(awaiter, entry.DoneAs);"),
        Planted("losers-not-given-up", "The losers of a race are never given up.", Replay + "BodyRunVisit.cs",
            "(_abandoned ??= []).Add(journal);", "_ = journal;"),
    ];
}
