namespace Perdure.Simulation.Tests.Stressing;

/// <summary>A part of a workflow's map under load, on the real runtime in virtual time.</summary>
public sealed class APartOfAMapIsStressed
{
    internal static Parcel Order(Dice dice, int number) => new($"street {number}");

    internal static readonly Stress PackingToShipped = Stress.Workflow<Ship>()
        .Inputs(Order).From((_, number) => new Packing($"order {number}")).Until<Shipped>()
        .Decides();

    [Fact]
    public void It_begins_in_one_state_and_ends_in_another_and_needs_no_body_outside()
    {
        var report = PackingToShipped.Takes(Latency.Constant(20.Milliseconds)).Rate(20).Run();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal("ship, Packing → Shipped", report.Subject);
        Assert.Equal([new StressEnd("Shipped", report.Rows[0].Ends.Sum(e => e.Count))], report.Rows[0].Ends);
        Assert.True(report.Rows[0].Latency.P50 > 40.Milliseconds, "Two operations, one after the other.");
    }

    [Fact]
    public void It_saturates_where_its_narrowest_operation_does()
    {
        // Four labels at once, 20 ms each: at most 200 in a second; the runtime takes a fraction of a millisecond for each turn.
        var report = PackingToShipped.Takes<PrintLabel>(Latency.Constant(20.Milliseconds)).Arriving(Arrivals.Constant).Ramp(100, 300, 50, refine: 0).For(10.Seconds).Run();
        var saturation = report.Saturation;
        Assert.True(saturation is { Stands: >= 150 and <= 200, Capacity: > 190 and <= 200 }, report.ToString());
    }

    [Fact]
    public void Failures_of_attempts_and_ends_are_told_apart()
    {
        var report = PackingToShipped.Decides(approved: 0.5, after: Latency.Uniform(1.Seconds, 5.Seconds)).Faults<Pack>(transient: 0.1).Faults<PrintLabel>(permanent: 0.2).Rate(20).For(5.Minutes).Run(3);
        var row = report.Rows[0];
        Assert.True(row.Stands, report.ToString());
        Assert.InRange(row.Errors.Single(e => e is { Where: "pack", Code: "stress.transient" }).Share, 0.08, 0.12);
        Assert.InRange(row.Errors.Single(e => e is { Where: "print-label", Code: "stress.permanent" }).Share, 0.17, 0.23);
        var ends = row.Ends.ToDictionary(e => e.State, e => e.Count);
        Assert.InRange(ends["GivenUp"] / (double)(ends["GivenUp"] + ends["Shipped"]), 0.55, 0.65);      // one in five has no label, half of the others are refused
        Assert.InRange(row.Latency.P99, 4.Seconds, 7.Seconds);
    }

    [Fact]
    public void Messages_come_and_hours_of_sleep_pass()
    {
        var report = Stress.Workflow<Ship>().Inputs(Order).From((_, number) => new Shipped($"label {number}"))
            .Sends<Shipped, PickedUp>(_ => new("ada"), after: Latency.Constant(10.Minutes))
            .Rate(0.02).For(24.Hours, warmUp: 3.Hours).Run();
        Assert.True(report.Passed, report.ToString());
        Assert.InRange(report.Rows[0].Latency.P50, 130.Minutes, 132.Minutes);
    }

    [Fact]
    public void The_same_seed_gives_the_same_report()
    {
        var stress = PackingToShipped.Takes(Latency.LogNormal(5.Milliseconds, 50.Milliseconds)).Faults(transient: 0.02, unknown: 0.01).Ramp(50, 250, 100).For(10.Seconds);
        Assert.Equal(stress.Run(5).ToJson(), stress.Run(5).ToJson());
    }

    [Fact]
    public void Production_data_is_untouched_because_no_store_comes_in()
    {
        var found = Assert.Throws<InvalidOperationException>(() =>
            Stress.Workflow<Ship>(services => services.AddPerdure(p => p.Workflow<Ship>().UseStore(_ => throw new InvalidOperationException("The production store was opened.")))).Inputs(Order).Rate(1).Run());
        Assert.Contains("has one of its own", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_the_map_does_not_have_is_refused_by_name()
    {
        Assert.Contains("no state Receipt", Assert.Throws<InvalidOperationException>(() => PackingToShipped.Until<Receipt>().Rate(1).Run()).Message, StringComparison.Ordinal);
        Assert.Contains("leads from Shipped to Packing", Assert.Throws<InvalidOperationException>(() =>
            Stress.Workflow<Ship>().Inputs(Order).From((_, _) => new Shipped("")).Until<Packing>().Rate(1).Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_real_time_a_workflow_asks_for_a_store_of_its_own()
    {
        var found = Assert.Throws<InvalidOperationException>(() => PackingToShipped.InRealTime().Rate(1).Run());
        Assert.Contains("UseSqlite", found.Message, StringComparison.Ordinal);
    }
}
