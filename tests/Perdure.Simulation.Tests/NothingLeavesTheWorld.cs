using System.Diagnostics;

namespace Perdure.Simulation.Tests;

/// <summary>Nothing of a run happens outside of its one thread, and what a user's code takes outside is named.</summary>
public sealed class NothingLeavesTheWorld
{
    private static readonly string[] Sample = ["1", "7", "23", "42", "1001"];

    public static TheoryData<string> Worlds => [.. Program.Worlds.Keys];

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task A_run_gives_the_thread_pool_nothing_to_do_and_two_processes_do_the_same_run(string world)
    {
        var (first, second) = (await InAProcess(world, Sample), await InAProcess(world, Sample));
        Assert.Equal("0", first[^1]);
        Assert.Equal("0", second[^1]);
        Assert.Equal(Sample.Length + 1, first.Length);
        Assert.Equal(first, second);
        Assert.Equal(Sample.Length, first.SkipLast(1).Distinct().Count());
        Assert.All(first.SkipLast(1), hash => Assert.Equal(64, hash.Length));
    }

    [Fact]
    public void What_is_sampled_has_children_messages_moments_decisions_and_people_who_intervene()
    {
        HashSet<string> seen = [];
        foreach (var name in (string[])["messages", "everything"])
        {
            var world = Program.Worlds[name]().Invariant("seen", world =>
            {
                foreach (var row in world.Changed) seen.UnionWith(world.History(row.Id).Select(e => e.GetType().Name));
            });
            foreach (var seed in Sample) Assert.True(world.Run(1, ulong.Parse(seed, System.Globalization.CultureInfo.InvariantCulture)).Passed);
        }
        Assert.Empty(new[] { nameof(Kernel.ChildIntended), nameof(Kernel.ChildEnded), nameof(Kernel.SignalConsumed), nameof(Kernel.SignalTimedOut), nameof(Kernel.GateDecided), nameof(Kernel.Paused),
            nameof(Kernel.CancelRequested), nameof(Kernel.SleepEnded), nameof(Kernel.DeadlineBreached), nameof(Kernel.UndoSucceeded), nameof(Kernel.IncidentResolved) }.Except(seen));
    }

    [Theory]
    [InlineData("task-run")]
    [InlineData("delay")]
    public void A_body_that_awaits_what_is_not_of_its_visit_is_named(string how)
    {
        var report = Escaping(how).WithoutFaults().Run(1);
        Assert.False(report.Passed);
        Assert.Equal("escapes", report.Failed!.Violation!.Oracle);
        Assert.Contains("of 'leaves' in state 'Begun', last step 'stay'", report.Failed.Violation.Seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("operation-delay", "was completed by another thread")]
    [InlineData("operation-never", "was not completed within")]
    public void An_operation_that_another_thread_completes_is_named(string how, string why)
    {
        var report = (Escaping(how) with { Patience = TimeSpan.FromSeconds(1) }).WithoutFaults().Run(1);
        Assert.False(report.Passed);
        Assert.Equal("escapes", report.Failed!.Violation!.Oracle);
        Assert.Contains("of 'leaves' in state 'Begun', last step 'outside'", report.Failed.Violation.Seen, StringComparison.Ordinal);
        Assert.Contains(why, report.Failed.Violation.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_holds_the_thread_is_named_rather_than_waited_for()
    {
        var report = (Escaping("blocks") with { Patience = TimeSpan.FromMilliseconds(200), MinimisingRuns = 0 }).WithoutFaults().Run(1);
        Assert.False(report.Passed);
        Assert.Contains("stands still", report.Failed!.Violation!.Seen, StringComparison.Ordinal);
        Assert.Contains("of 'leaves' in state 'Begun', last step 'stay'", report.Failed.Violation.Seen, StringComparison.Ordinal);
        Leaves.Held.Set();
    }

    [Theory]
    [InlineData("blocks-on-task-run")]
    [InlineData("blocks-on-thread")]
    public void A_body_that_waits_for_another_thread_is_named_however_short_that_is(string how)
    {
        var report = (Escaping(how) with { MinimisingRuns = 0 }).WithoutFaults().Run(1);
        Assert.False(report.Passed);
        Assert.Equal("escapes", report.Failed!.Violation!.Oracle);
        Assert.Contains("on another thread than the world's", report.Failed.Violation.Seen, StringComparison.Ordinal);
        Assert.Contains("of 'leaves' in state 'Begun', last step 'stay'", report.Failed.Violation.Seen, StringComparison.Ordinal);
    }

    private static Simulate Escaping(string how) => Simulate.Workflow<Leaves>()
        .Replace<Stay, Errand, Arrived>(_ => new("here"))
        .Starts("leaves", (_, _) => new Errand(how), count: 1);

    // The same program, so that nothing but the runs uses its pool.
    private static async Task<string[]> InAProcess(string world, string[] seeds)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Program.Traces, world, .. seeds]) { RedirectStandardOutput = true })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal(0, process.ExitCode);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}

public sealed record Errand(string How);
public sealed record Arrived(string Where);
public sealed record Over(string Where);

public sealed class Stay : Query<Errand, Arrived>
{
    public override Task<Arrived> Run(Errand input, Attempt attempt) => Task.FromResult(new Arrived("here"));
}

public sealed class Outside : Irreversible<Errand, Arrived>
{
    public override async Task<Arrived> Run(Errand input, Attempt attempt)
    {
        if (input.How == "operation-never") await new TaskCompletionSource().Task;
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        return new("there");
    }
}

public sealed class Leaves(Stay stay, Outside outside) : Workflow<Errand>("leaves", version: 1)
{
    internal static ManualResetEventSlim Held { get; } = new();

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Go).End<Over>();

    public async Task<To<Over>> Go(IVisit<Errand> visit, Errand errand)
    {
        await visit.Run(stay, errand);
        if (errand.How == "task-run") await Task.Run(() => 1);
        else if (errand.How == "delay") await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        else if (errand.How == "blocks") Held.Wait();
        else if (errand.How == "blocks-on-task-run") Task.Run(() => 1).Wait();
        else if (errand.How == "blocks-on-thread") OnAThread();
        else await visit.Run(outside, errand);
        return new Over("there");
    }

    private static void OnAThread()
    {
        var thread = new Thread(() => { });
        thread.Start();
        thread.Join();
    }
}
