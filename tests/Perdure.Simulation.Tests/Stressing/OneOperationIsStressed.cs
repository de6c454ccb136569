namespace Perdure.Simulation.Tests.Stressing;

/// <summary>One operation under load in virtual time.</summary>
public sealed class OneOperationIsStressed
{
    internal static readonly Stress Charges = Stress.Operation<ChargeCard>()
        .Inputs((dice, number) => new Payment($"order-{number}", dice.OneOf(5m, 12.50m, 99m)));

    // Ten at once, 50 ms each: 200 in a second, and not one more.
    private static readonly Stress TenSlots = Charges.Takes(Latency.Constant(50.Milliseconds)).Arriving(Arrivals.Constant);

    [Fact]
    public void The_known_knee_is_found_exactly()
    {
        var report = TenSlots.Ramp(from: 150, to: 300, step: 50).Run();
        var saturation = report.Saturation;
        Assert.True(saturation is { Stands: 200, Capacity: 200 }, report.ToString());
        Assert.Equal(206.25, saturation.Breaks);      // the step of 50, halved three times
        Assert.Contains("follows", saturation.Why, StringComparison.Ordinal);
        Assert.All(report.Rows.Where(r => r.Rate > 200), r => Assert.Equal(200, r.Throughput));
        Assert.All(report.Rows.Where(r => r.Rate <= 200), r => Assert.Equal(50.Milliseconds, r.Latency.Max));
    }

    [Fact]
    public void Poisson_arrivals_wait_before_the_knee_and_a_bound_on_p99_finds_where()
    {
        var report = Charges.Takes(Latency.Constant(50.Milliseconds)).P99Within(100.Milliseconds).Ramp(from: 50, to: 300, step: 50).Run();
        var saturation = report.Saturation!;
        Assert.True(saturation is { Stands: >= 100 and < 200 }, report.ToString());
        Assert.Contains("p99 is above 100 ms", saturation.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Latency_counts_from_the_intended_arrival()
    {
        // At twice the capacity the last of 60 s has waited for half of what came before it, although each attempt takes 50 ms.
        var row = TenSlots.Rate(400).For(60.Seconds, warmUp: TimeSpan.Zero).Run().Rows[0];
        Assert.InRange(row.Latency.Max, 59.Seconds, 61.Seconds);
        Assert.InRange(row.Latency.P50, 29.Seconds, 31.Seconds);
    }

    [Fact]
    public void The_same_seed_gives_the_same_report()
    {
        var stress = Charges.Takes(Latency.LogNormal(40.Milliseconds, 200.Milliseconds)).Faults(transient: 0.02, timeout: 0.001).Ramp(100, 300, 50);
        var (one, again, other) = (stress.Run(7), stress.Run(7), stress.Run(8));
        Assert.Equal(one.ToString(), again.ToString());
        Assert.Equal(one.ToJson(), again.ToJson());
        Assert.NotEqual(one.ToJson(), other.ToJson());
    }

    [Fact]
    public void Faults_are_in_the_error_table_at_their_rate()
    {
        var report = Charges.Concurrency(1_000).Takes(Latency.Uniform(10.Milliseconds, 30.Milliseconds)).Faults(transient: 0.02, permanent: 0.01, unknown: 0.005, timeout: 0.002).Rate(500).For(2.Minutes).Run();
        var errors = report.Rows[0].Errors.ToDictionary(e => e.Code);
        Assert.Equal(["step.timeout", "stress.permanent", "stress.transient", "stress.unknown"], errors.Keys.Order(StringComparer.Ordinal));
        foreach (var (code, share) in new[] { ("stress.transient", 0.02), ("stress.permanent", 0.01), ("stress.unknown", 0.005), ("step.timeout", 0.002) })
        {
            // Four standard deviations of so many draws.
            var off = 4 * Math.Sqrt(share * (1 - share) / errors[code].Of);
            Assert.InRange(errors[code].Share, share - off, share + off);
        }
        Assert.Contains("charge-card: stress.transient", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_timeout_holds_its_place_until_its_time_is_over()
    {
        var row = TenSlots.Faults(timeout: 1).Rate(1).For(10.Minutes).Run().Rows[0];
        Assert.True(row.Latency.Max > 30.Seconds, "The eleventh waits for a place as well.");
        Assert.Equal(0, row.Completed);
        Assert.False(row.Stands);
    }

    [Fact]
    public void An_operation_that_takes_its_clock_from_its_services_runs_in_virtual_time()
    {
        var row = Stress.Operation<AskTheBank>().Inputs((_, number) => new Payment($"{number}", 1)).Concurrency(2).Arriving(Arrivals.Constant).Rate(50).Run().Rows[0];
        Assert.True(row.Stands);
        Assert.InRange(row.Latency.Max, 20.Milliseconds, 21.Milliseconds);
    }

    [Fact]
    public void An_operation_that_leaves_virtual_time_is_named()
    {
        var found = Assert.Throws<InvalidOperationException>(() => Stress.Operation<AskTheWorld>().Inputs((_, number) => new Payment($"{number}", 1)).Rate(10).Run());
        Assert.Contains("'ask-the-world'", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_in_the_middle_it_still_reports()
    {
        using var stop = new CancellationTokenSource();
        var report = Charges.Inputs((_, number) =>
        {
            if (number == 5_000) stop.Cancel();
            return new Payment($"order-{number}", 1);
        }).Takes(Latency.Constant(50.Milliseconds)).Ramp(100, 300, 100).Run(cancellation: stop.Token);
        Assert.True(report.Cancelled);
        var row = Assert.Single(report.Rows);
        Assert.InRange(row.Measured, 40.Seconds, 50.Seconds);
        Assert.InRange(row.Throughput, 95, 105);
        Assert.Contains("cancelled after", report.ToString(), StringComparison.Ordinal);
        Assert.Null(report.Saturation);
    }

    [Fact]
    public void Arrivals_without_room_to_wait_are_turned_away()
    {
        var report = TenSlots.WaitingAtMost(100).Rate(400).Run();
        var row = report.Rows[0];
        Assert.InRange(row.Refused / row.Measured.TotalSeconds, 195, 205);
        Assert.InRange(row.Latency.Max, 500.Milliseconds, 600.Milliseconds);
        Assert.Contains("stress.waiting-full", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Hours_of_virtual_time_pass_where_little_arrives()
    {
        var row = TenSlots.Rate(0.1).For(48.Hours).Run().Rows[0];
        Assert.Equal(17_280, row.Completed);
    }
}
