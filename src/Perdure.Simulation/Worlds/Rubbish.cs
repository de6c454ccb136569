namespace Perdure.Simulation.Worlds;

/// <summary>
/// What worlds that have ended leave behind: some MB each, of which nothing lives. Between two worlds it is collected at the price of looking, in the midst of one with all that lives there.
/// </summary>
internal static class Rubbish
{
    // As much as stays near the processor.
    private const long Much = 24 * 1024 * 1024;

    private static readonly Lock Gate = new();
    private static long s_allocated;
    private static int s_collections;

    /// <summary>Collects it where there is much since the last collection, whoever caused that.</summary>
    public static void Clear()
    {
        lock (Gate)
        {
            var (allocated, collections) = (GC.GetTotalAllocatedBytes(), GC.CollectionCount(0));
            if (collections == s_collections && allocated - s_allocated < Much) return;
            if (collections == s_collections) GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            (s_allocated, s_collections) = (allocated, GC.CollectionCount(0));
        }
    }
}
