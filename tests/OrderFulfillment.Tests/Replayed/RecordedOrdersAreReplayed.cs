using Perdure;
using Perdure.Simulation.Replaying;
using Shop.Orders;

namespace Shop.Tests.Replayed;

/// <summary>
/// Thirty orders of every kind, recorded with the sample as it was and exported by <c>perdure history export</c>, the cards and the people put out of sight. What they say of changed code is
/// what a pipeline would be told before it is deployed.
/// </summary>
public sealed class RecordedOrdersAreReplayed
{
    private static readonly IReadOnlyList<RecordedHistory> Recorded = [.. RecordedHistory.Read(Path.Combine(AppContext.BaseDirectory, "Recorded", "orders-1.jsonl"))];

    private static ReplayReport Against<TWorkflow>() where TWorkflow : class, IWorkflow => HistoryReplay.Against<TWorkflow>().Run(Recorded);

    private static IEnumerable<string> InstancesIn(string state) => Recorded.Where(h => h.Header.State == state).Select(h => h.Header.Instance);

    // Revoked after its charge: the carrier refused it.
    private static IEnumerable<string> Refused() => Recorded.Where(h => h.Header.State == "TRANSACTION_REVOKED" && h.Records.Any(r => r.Events.OfType<Perdure.Kernel.Transitioned>().Any(t => t.To == "Charged"))).Select(h => h.Header.Instance);

    [Fact]
    public void They_are_of_every_kind_and_no_card_is_among_them()
    {
        Assert.Equal([("Approval", 1), ("COMPLETED", 18), ("REJECTED", 3), ("TRANSACTION_REVOKED", 8)], Recorded.GroupBy(h => h.Header.State!).Select(g => (g.Key, g.Count())).Order());
        Assert.Equal(3, Refused().Count());
        Assert.DoesNotContain("\"card\":\"4", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", "orders-1.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_sample_as_it_is_passes()
    {
        var report = Against<OrderFulfillment>();
        Assert.Equal("30 instances, 82 visits replayed: 0 break, 0 differ.", report.ToString());
    }

    [Fact]
    public void Another_text_in_the_log_is_no_divergence()
    {
        var report = Against<TalkativeOrders>();
        Assert.Equal("30 instances, 82 visits replayed: 0 break, 0 differ.", report.ToString());
    }

    [Fact]
    public void A_new_step_at_the_end_passes_and_is_listed_as_a_difference()
    {
        var report = Against<GratefulOrders>();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(InstancesIn("COMPLETED"), report.Divergences.Select(d => d.Instance));
        Assert.All(report.Divergences, d => Assert.Equal(("step.new", "Charged", "say-thanks"), (d.Code, d.State, d.Step)));
        Told(report);
    }

    [Fact]
    public void A_renamed_step_breaks_every_order_that_was_charged_and_is_named_by_instance_visit_and_first_differing_step()
    {
        var report = Against<RenamedOrders>();
        Assert.False(report.Passed);
        Assert.Equal(InstancesIn("COMPLETED").Concat(Refused()).Order(StringComparer.Ordinal), report.Divergences.Select(d => d.Instance).Order(StringComparer.Ordinal));
        // An order that a person approved was in Inventory_Locked twice, and once in the gate.
        Assert.All(report.Divergences, d => Assert.Equal(("replay.diverged", true, "Charged", "dispatch-shipment"), (d.Code, d.Breaks, d.State, d.Step)));
        Assert.Equal([(3, 20), (5, 1)], report.Divergences.GroupBy(d => d.Visit).Select(g => (g.Key, g.Count())).Order());
        Told(report);
    }

    [Fact]
    public void Two_steps_in_another_order_break_where_one_of_them_was_never_reached()
    {
        var report = Against<HastyOrders>();
        Assert.Equal(Refused(), report.Divergences.Where(d => d.Breaks).Select(d => d.Instance));
        Assert.All(report.Divergences, d => Assert.Equal(("replay.diverged", 3, "dispatch-shipment", "Step hand-over"), (d.Code, d.Visit, d.Step, d.Expected)));
    }

    /// <summary>What docs/replay.md shows is what is reported.</summary>
    private static void Told(ReplayReport report)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Perdure.slnx"))) folder = folder.Parent!;
        var page = File.ReadAllText(Path.Combine(folder.FullName, "docs", "replay.md"));
        Assert.Contains($"{report.Divergences[0]}\n…\n{report.ToString().Split('\n')[^1]}", page, StringComparison.Ordinal);
    }
}
