namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>What is held for ever: seen once the nodes have stopped in order.</summary>
    private static IEnumerable<Bug> Leaks =>
    [
        Leak("timed-out-attempt-not-cancelled", "An operation that takes too long is given up and never told to end.", Runtime + "Attempts/LaneAttempts.cs",
            "            if (attempt.Over) continue;\n            attempt.Cancel();\n", "            if (attempt.Over) continue;\n"),
        Leak("transaction-of-a-given-up-attempt-kept", "The transaction of an attempt that was given up, with its connection, is never given back.", Runtime + "Attempts/RunningAttempt.cs",
            "        if (Interlocked.Exchange(ref _transaction, null) is not { } transaction) return;\n", "        if (Over || Interlocked.Exchange(ref _transaction, null) is not { } transaction) return;\n") with { Transacts = true },
    ];

    private static Bug Leak(string name, string means, string file, string was, string becomes) => Planted(name, means, file, was, becomes) with { BuiltInOnly = true, Seen = ["leaks"] };
}
