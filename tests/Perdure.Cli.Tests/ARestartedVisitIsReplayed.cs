using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Simulation.Replaying;
using Perdure.Sqlite;

namespace Perdure.Cli.Tests;

/// <summary>Of a visit that an operator had begun anew, under mended code, what stands is replayed; what was undone is no longer of it.</summary>
public sealed class ARestartedVisitIsReplayed(RestartedDeliveries recorded) : IClassFixture<RestartedDeliveries>
{
    private IReadOnlyList<RecordedHistory> Histories(params string[] more) => [.. RecordedHistory.Read(recorded.Exported(more))];

    private RecordedHistory Delivered => Histories().Single(h => h.Header.State == nameof(Perdure.Cli.Tests.Delivered));

    private static int At<TEvent>(RecordedHistory history) where TEvent : Event => history.Records.Index().First(r => r.Item.Events.Any(e => e is TEvent)).Index;

    private static RecordedHistory Until(RecordedHistory history, int records) => history with { Records = [.. history.Records.Take(records)] };

    [Fact]
    public void It_is_clean_against_the_code_that_ended_it()
    {
        var report = HistoryReplay.Against<MendedDelivery>().Run([Delivered]);
        Assert.Equal("1 instances, 2 visits replayed: 0 break, 0 differ.", report.ToString());
    }

    [Fact]
    public void What_the_code_no_longer_asks_for_of_the_part_that_was_undone_is_right()
    {
        var history = Delivered;
        var restarts = At<RestartBegan>(history);
        Assert.False(HistoryReplay.Against<MendedDelivery>().Run([Until(history, restarts)]).Passed);
        Assert.All(Enumerable.Range(restarts + 1, history.Records.Count - restarts), records =>
        {
            var report = HistoryReplay.Against<MendedDelivery>().Run([Until(history, records)]);
            Assert.True(report is { Breaks: 0, Differences: 0 }, $"{records}: {report}");
        });
    }

    [Fact]
    public void A_breaking_change_in_what_was_done_anew_is_named()
    {
        var found = Assert.Single(HistoryReplay.Against<DeliveryByCart>().Run([Delivered]).Divergences);
        Assert.Equal((true, "replay.diverged", 2, "load"), (found.Breaks, found.Code, found.Visit, found.Step));
        Assert.Contains("truck", found.Recorded, StringComparison.Ordinal);
        Assert.Contains("cart", found.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void The_code_from_before_no_longer_fits()
    {
        var found = Assert.Single(HistoryReplay.Against<FirstDelivery>().Run([Delivered]).Divergences);
        Assert.Equal((true, "replay.diverged", 2, "load"), (found.Breaks, found.Code, found.Visit, found.Step));
    }

    [Fact]
    public void Also_with_values_out_of_sight()
    {
        Assert.True(HistoryReplay.Against<MendedDelivery>().Run(Histories("--redact", "$.text")) is { Visits: 4, Breaks: 0, Differences: 0 });
        Assert.False(HistoryReplay.Against<DeliveryByCart>().Run(Histories("--redact", "$.text")).Passed);
    }

    [Fact]
    public void Where_a_cancel_took_its_place_no_code_is_held_against_what_was_dropped()
    {
        var history = Histories().Single(h => h.Header.State == nameof(SentBack));
        Assert.Equal([typeof(RestartBegan), typeof(CancelRequested)], history.Records.SelectMany(r => r.Events).Where(e => e is RestartBegan or CancelRequested or VisitRestarted).Select(e => e.GetType()));
        Assert.Equal("1 instances, 2 visits replayed: 0 break, 0 differ.", HistoryReplay.Against<MendedDelivery>().Run([history]).ToString());
        Assert.Equal("1 instances, 2 visits replayed: 0 break, 0 differ.", HistoryReplay.Against<FirstDelivery>().Run([history]).ToString());
    }
}

public sealed record Goods(string Customer);
public sealed record Packed(int Boxes);
public sealed record Delivered(string Text, string On);
public sealed record SentBack(string Reason);
public sealed record Word(string Text);
public sealed record Road(string Over);
public sealed record Seen(string How);
public sealed record Cargo(string On, string Customer);
public sealed record Loaded(string On);

/// <summary>Undoing waits here.</summary>
public sealed class Yard
{
    public TaskCompletionSource Opens { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

public sealed class Survey : Query<Road, Seen>
{
    public override Task<Seen> Run(Road road, Attempt attempt) => Task.FromResult(new Seen("closed"));
}

public sealed class Load(Yard yard) : Operation<Cargo, Loaded>
{
    public override Task<Loaded> Run(Cargo cargo, Attempt attempt) => Task.FromResult(new Loaded(cargo.On));
    public override Task Undo(Cargo cargo, Loaded? loaded, Attempt attempt) => cargo.Customer == "Grace" ? yard.Opens.Task : Task.CompletedTask;
}

/// <summary>One version; what its second state does is mended in place.</summary>
public abstract class Delivery : Workflow<Goods>
{
    protected Delivery(Survey survey, Load load) : base("delivery", version: 1) => (Survey, Load) = (survey, load);

    protected Survey Survey { get; }
    protected Load Load { get; }

    protected override Map<Goods> Define(Map<Goods> map) => map
        .Start("Ordered").Runs(Pack)
        .State<Packed>().Runs(Carry)
        .End<Delivered>()
        .Revoked<SentBack>(cancelled: by => new(by.Reason));

    public Task<To<Packed>> Pack(IVisit<Goods> visit, Goods goods) => Task.FromResult<To<Packed>>(new Packed(3));

    public abstract Task<To<Delivered, SentBack>> Carry(IVisit<Goods> visit, Packed packed);
}

public sealed class FirstDelivery(Survey survey, Load load) : Delivery(survey, load)
{
    public override async Task<To<Delivered, SentBack>> Carry(IVisit<Goods> visit, Packed packed)
    {
        await visit.Signal<Word>();
        await visit.Run(Load, new("van", visit.Input.Customer));
        await visit.Run(Survey, new("the bridge"));
        throw new InvalidOperationException("Nobody has thought of that.");
    }
}

public class MendedDelivery(Survey survey, Load load) : Delivery(survey, load)
{
    protected virtual string On => "truck";

    public override async Task<To<Delivered, SentBack>> Carry(IVisit<Goods> visit, Packed packed)
    {
        var word = await visit.Signal<Word>();
        var loaded = await visit.Run(Load, new(On, visit.Input.Customer));
        return new Delivered(word!.Text, loaded.On);
    }
}

public sealed class DeliveryByCart(Survey survey, Load load) : MendedDelivery(survey, load)
{
    protected override string On => "cart";
}

/// <summary>
/// Two deliveries that the first code could not end. Under the mended code an operator has both begun anew: one is delivered, and the other is cancelled while what it did is still being undone.
/// </summary>
public sealed class RestartedDeliveries : IAsyncLifetime
{
    private static readonly Caller Olga = new("olga", []);

    private readonly string _folder = Directory.CreateTempSubdirectory("perdure-restarted-").FullName;
    private string Store => Path.Combine(_folder, "deliveries.db");

    public async ValueTask InitializeAsync()
    {
        InstanceId ada = default, grace = default;
        await With<FirstDelivery>(async (perdure, _) =>
        {
            (ada, grace) = (await Begin(perdure, "Ada"), await Begin(perdure, "Grace"));
            await Until(perdure, ada, Status.Incident);
            await Until(perdure, grace, Status.Incident);
        });
        await With<MendedDelivery>(async (perdure, yard) =>
        {
            Assert.IsType<CommandAnswer.Done>(await perdure.Retry(ada, Olga, 1, RetryMode.RestartVisit));
            Assert.IsType<CommandAnswer.Done>(await perdure.Retry(grace, Olga, 1, RetryMode.RestartVisit));
            Assert.IsType<CommandAnswer.Done>(await perdure.Cancel(grace, Olga, "too late"));
            yard.Opens.SetResult();
            await Until(perdure, ada, Status.Ended);
            await Until(perdure, grace, Status.Ended);
        });
    }

    /// <summary>The histories, as the tool writes them.</summary>
    public string Exported(params string[] more)
    {
        var file = Path.Combine(_folder, $"{Guid.NewGuid():N}.jsonl");
        var (code, _, errors) = World.Run(["history", "export", "--store", Store, "--out", file, .. more]);
        Assert.True(code == 0, errors);
        return file;
    }

    private async Task With<TWorkflow>(Func<IPerdure, Yard, Task> does) where TWorkflow : class, IWorkflow
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<Yard>();
        builder.Services.AddPerdure(perdure => perdure.Workflow<TWorkflow>().UseSqlite(Store));
        using var host = builder.Build();
        await host.StartAsync();
        await does(host.Services.GetRequiredService<IPerdure>(), host.Services.GetRequiredService<Yard>());
        await host.StopAsync();
    }

    private static async Task<InstanceId> Begin(IPerdure perdure, string customer)
    {
        var id = Assert.IsType<StartAnswer.Accepted>(await perdure.Start(new("delivery", customer, JsonSerializer.SerializeToUtf8Bytes(new { customer })))).Instance;
        Assert.IsType<CommandAnswer.Done>(await perdure.Signal(id, "word", "m", """{"text":"at the back door"}"""u8.ToArray()));
        return id;
    }

    private static async Task Until(IPerdure perdure, InstanceId instance, Status status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await perdure.Get(instance))!.Row.Status != status)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
