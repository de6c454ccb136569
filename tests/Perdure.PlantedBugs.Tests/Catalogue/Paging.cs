namespace Perdure.PlantedBugs.Tests;

internal static partial class Catalogue
{
    private const string Delivers = "            if (!progress.Acknowledged) await worker.Sink.Deliver(page.Page, cancellation).ConfigureAwait(false);\n";

    /// <summary>Pages on their way to those who are called. The oracles that every simulation has must see that a page comes under one key, and that it comes at all.</summary>
    private static IEnumerable<Bug> Paging =>
    [
        Page("page-under-a-key-of-its-try", "A page that is tried again comes under another key.", "pages",
            Delivers, "            if (!progress.Acknowledged) await worker.Sink.Deliver(page.TriesBefore + progress.Tries == 0 ? page.Page : page.Page with { Page = page.Page.Page with { Key = $\"{key}/{page.TriesBefore + progress.Tries}\" } }, cancellation).ConfigureAwait(false);\n"),
        Page("page-forgotten-after-a-refusal", "A page whose delivery failed is recorded as delivered.", "liveness",
            "            delivered = Array.TrueForAll(page.Sinks, s => s.Acknowledged);\n", "            delivered = true;\n"),
        Page("page-recorded-before-it-is-delivered", "A page is recorded as delivered before it is, so that a node that dies in between has told nobody.", "liveness",
            Delivers, $"            if (!progress.Acknowledged) await _store.PageTried(key, true, null, _time.GetUtcNow(), cancellation).ConfigureAwait(false);\n{Delivers}"),
    ];

    private static Bug Page(string name, string means, string seen, string was, string becomes) => Planted(name, means, Runtime + "Pages/Pager.cs", was, becomes) with { BuiltInOnly = true, Seen = [seen] };
}
