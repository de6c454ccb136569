using Microsoft.Extensions.DependencyInjection;

namespace Perdure.Simulation.Tests.Stressing;

/// <summary>An operation in real time, as it is. How fast this machine is, is not asserted.</summary>
public sealed class RealTimeIsStressed
{
    [Fact]
    public void The_operation_runs_as_it_is_and_never_more_often_at_once_than_said()
    {
        var bank = new Bank();
        var report = Stress.Operation<CountAtTheBank>(services => services.AddSingleton(bank)).Inputs((_, number) => new Payment($"{number}", 1))
            .Concurrency(3).Arriving(Arrivals.Constant).Rate(200).For(500.Milliseconds, warmUp: 100.Milliseconds)
            .InRealTime().Run();
        var row = Assert.Single(report.Rows);
        Assert.Equal(100, row.Arrived);
        Assert.Equal(0, row.Unfinished);
        Assert.Empty(row.Errors);
        Assert.Equal(120, bank.Tokens.Count);      // one token for each arrival, those of the warm-up too
        Assert.InRange(bank.MostAtOnce, 1, 3);
        Assert.True(row.Latency.Max > TimeSpan.Zero);
        Assert.Contains("real time", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_of_two_runs_are_not_the_same()
    {
        var bank = new Bank();
        var stress = Stress.Operation<CountAtTheBank>(services => services.AddSingleton(bank)).Inputs((_, number) => new Payment($"{number}", 1))
            .Arriving(Arrivals.Constant).Rate(100).For(100.Milliseconds, warmUp: TimeSpan.Zero).InRealTime();
        stress.Run();
        stress.Run();
        Assert.Equal(20, bank.Tokens.Count);
    }

    [Fact]
    public void Injected_faults_and_timeouts_come_in_real_time_too()
    {
        var report = Stress.Operation<CountAtTheBank>(services => services.AddSingleton(new Bank())).Inputs((_, number) => new Payment($"{number}", 1))
            .Faults(transient: 0.5, timeout: 0.5).Takes(Latency.Constant(1.Milliseconds)).Rate(200).For(300.Milliseconds).InRealTime().Run();
        var row = Assert.Single(report.Rows);
        Assert.Equal(["step.timeout", "stress.transient"], row.Errors.Select(e => e.Code));
        Assert.Equal(0, row.Completed);
        Assert.Equal(0, row.Unfinished);
    }

    [Fact]
    public void Cancelled_in_the_middle_it_still_reports()
    {
        using var stop = new CancellationTokenSource();
        var report = Stress.Operation<CountAtTheBank>(services => services.AddSingleton(new Bank())).Inputs((_, number) =>
        {
            if (number == 20) stop.Cancel();
            return new Payment($"{number}", 1);
        }).Rate(100).For(1.Hours, warmUp: TimeSpan.Zero).InRealTime().Run(cancellation: stop.Token);
        Assert.True(report.Cancelled);
        Assert.Equal(20, Assert.Single(report.Rows).Arrived);
    }

    [Fact]
    public void Progress_is_told_while_it_runs()
    {
        using var stop = new CancellationTokenSource();
        StressProgress? told = null;
        Stress.Operation<CountAtTheBank>(services => services.AddSingleton(new Bank())).Inputs((_, number) => new Payment($"{number}", 1))
            .Rate(100).For(1.Hours).InRealTime().Run(progress: progress =>
            {
                told = progress;
                stop.Cancel();
            }, cancellation: stop.Token);
        Assert.Equal(100, told!.Rate);
        Assert.True(told.Time > TimeSpan.Zero);
    }
}
