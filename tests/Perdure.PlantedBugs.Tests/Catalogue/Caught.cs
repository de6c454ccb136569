namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    private static readonly HashSet<string> SeenToBeCaught = new(StringComparer.Ordinal)
    {
        "acknowledge-before-commit",
        "cancelled-leaves-the-stack",
        "checkpoint-forgets-signals",
        "checkpoint-links-to-itself",
        "deadline-fires-again",
        "deadline-of-a-visit-that-is-over",
        "deduplication-forgotten-after-restart",
        "definite-failure-stays-on-the-stack",
        "divergence-hidden-by-a-catch",
        "divergence-not-seen",
        "effects-before-commit",
        "every-state-settles",
        "failed-undo-dropped",
        "failover-to-a-lagging-replica",
        "hash-of-the-wrong-record",
        "intent-not-on-the-stack",
        "lost-undo",
        "lying-disk",
        "message-taken-twice",
        "message-taken-while-leaving-is-lost",
        "messages-forgotten-after-restart",
        "newest-signal-first",
        "no-fence",
        "page-before-commit",
        "settling-forgotten-in-the-rows",
        "signal-dropped-at-transition",
        "signal-timer-not-cleared",
        "sleep-not-cleared",
        "timer-a-moment-early",
        "timer-by-node-clock",
        "undo-in-forward-order",
        "undo-under-a-new-token",
        "undo-without-waiting-for-attempts",
        "unknown-leaves-the-stack",
    };
}
