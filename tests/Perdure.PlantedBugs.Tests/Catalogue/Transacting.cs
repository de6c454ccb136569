namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    /// <summary>Operations inside of the store's transactions. Looked for in a workflow of such operations.</summary>
    private static IEnumerable<Bug> Transacting =>
    [
        Inside("hash-not-put-back", "After a failed end in a transaction the chain goes on from the hash of what was not written.", Runtime + "Lanes/LaneTransactions.cs",
            "(hot.Instance, hot.Head, hot.LastTurn, hot.Body) = (end.Before, end.Head, null, null);", "(hot.Instance, hot.LastTurn, hot.Body) = (end.Before, null, null);"),
        Inside("memory-kept-after-a-failed-end", "After a failed end in a transaction the instance in memory is as if it had been written.", Runtime + "Lanes/LaneTransactions.cs",
            "(hot.Instance, hot.Head, hot.LastTurn, hot.Body) = (end.Before, end.Head, null, null);", "(hot.Head, hot.LastTurn, hot.Body) = (end.Head, null, null);"),
        Inside("body-not-run-again", "After a failed end in a transaction the body that was dropped is not run again.", Runtime + "Lanes/LaneTransactions.cs",
            "bodyDue: end.HadBody);", "bodyDue: false);"),
        Inside("commands-do-not-wait-for-an-end", "Commands are decided while an end in a transaction is being written.", Runtime + "Lanes/Hot.cs",
            "public bool IsBound => Loading || Ends is { Count: > 0 };", "public bool IsBound => Loading;"),
        Inside("end-before-earlier-turns", "An end in a transaction is written before what was decided before it.", Runtime + "Lanes/LaneTransactions.cs",
            "if (_passed || hot.IsEnding || hot.Uncommitted > 0 || hot.Ends is not { Count: > 0 } ends) return;", "if (_passed || hot.IsEnding || hot.Ends is not { Count: > 0 } ends) return;"),
        Inside("rows-apart-from-the-record", "What an operation wrote is committed when it returns, and its record after that.", "src/Perdure.Simulation/Operations/TransactedOperations.cs",
            "transaction.Effect = () => ledger.Do(entry with { At = begins.AddTicks(schedule.Now) }, () => result);", "ledger.Do(entry with { At = begins.AddTicks(schedule.Now) }, () => result);"),
        Inside("no-fence-at-an-end", "An end in a transaction is written whatever epoch owns the lane.", Database + "SimulatedTransaction.cs",
            "tables.FenceOf(of) is { } fence && fence.Epoch == epoch ?", "tables.FenceOf(of) is not null ?") with { Shares = true },
    ];

    private static Bug Inside(string name, string means, string file, string was, string becomes) => Planted(name, means, file, was, becomes) with { Transacts = true };
}
