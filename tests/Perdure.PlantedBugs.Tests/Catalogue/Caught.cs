namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    private static readonly HashSet<string> SeenToBeCaught = new(StringComparer.Ordinal)
    {
        "acknowledge-before-commit",
        "cancelled-leaves-the-stack",
        "checkpoint-links-to-itself",
        "deduplication-forgotten-after-restart",
        "definite-failure-stays-on-the-stack",
        "divergence-hidden-by-a-catch",
        "divergence-not-seen",
        "done-entries-asked-again",
        "effects-before-commit",
        "every-state-settles",
        "failed-undo-dropped",
        "failover-to-a-lagging-replica",
        "hash-of-the-wrong-record",
        "intent-not-on-the-stack",
        "journal-by-position",
        "lost-undo",
        "lying-disk",
        "messages-forgotten-after-restart",
        "no-fence",
        "page-before-commit",
        "settling-forgotten-in-the-rows",
        "sleep-not-cleared",
        "undo-in-forward-order",
        "undo-under-a-new-token",
        "undo-without-waiting-for-attempts",
        "unknown-leaves-the-stack",
        "unknown-taken-as-committed",
        "unknown-taken-as-failed",
    };
}
