using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

public sealed record Letter(string Number);
public sealed record Stamped(string By);
public sealed record Sent(string By);
public sealed record Torn(string Why);

/// <summary>Waits to be stamped, then ends. Its own key is its number, where that does not begin with a dash.</summary>
public sealed class Post() : Workflow<Letter>("post", 1)
{
    protected override string? BusinessKey(Letter input) => input.Number.StartsWith('-') ? null : input.Number;

    protected override Map<Letter> Define(Map<Letter> map) => map.Start("Written").Runs(Wait).End<Sent>("SENT").Revoked<Torn>("TORN");

    public async Task<To<Sent, Torn>> Wait(IVisit<Letter> visit, Letter letter) => new Sent((await visit.Signal<Stamped>(name: "stamped"))!.By);
}

/// <summary>Has a letter sent by a child, and ends with it.</summary>
public sealed class Errand(Post post) : Workflow<Letter>("errand", 1)
{
    protected override Map<Letter> Define(Map<Letter> map) => map.Start("Asked").Runs(Go).End<Sent>("DONE").Revoked<Torn>("CALLED_OFF");

    public async Task<To<Sent, Torn>> Go(IVisit<Letter> visit, Letter letter) => (await visit.Child(post, "letter", letter)).State == "SENT" ? new Sent("child") : new Torn("child");
}

/// <summary>Has an errand run by a child, whose own key is its number.</summary>
public sealed class Round(Post post) : Workflow<Letter>("round", 1)
{
    protected override string? BusinessKey(Letter input) => "round " + input.Number;

    protected override Map<Letter> Define(Map<Letter> map) => map.Start("Asked").Runs(Go).End<Sent>("DONE").Revoked<Torn>("CALLED_OFF");

    public async Task<To<Sent, Torn>> Go(IVisit<Letter> visit, Letter letter) => (await visit.Child(post, "letter", letter)).State == "SENT" ? new Sent("child") : new Torn("child");
}

/// <summary>Has a round made by a child, which has one of its own.</summary>
public sealed class Tour(Round round) : Workflow<Letter>("tour", 1)
{
    protected override Map<Letter> Define(Map<Letter> map) => map.Start("Asked").Runs(Go).End<Sent>("DONE").Revoked<Torn>("CALLED_OFF");

    public async Task<To<Sent, Torn>> Go(IVisit<Letter> visit, Letter letter) => (await visit.Child(round, "round", letter)).State == "DONE" ? new Sent("child") : new Torn("child");
}

/// <summary>A node with those workflows, as a program has it.</summary>
internal class LetterNode(IHost host) : IAsyncDisposable
{
    public IPerdure Perdure => host.Services.GetRequiredService<IPerdure>();

    protected IHost Host => host;

    /// <summary>One over a single database.</summary>
    public static async Task<LetterNode> Alone(Place place, int lanes, Action<PostgresStoreOptions>? configure = null) => new(await Started(perdure => perdure.UsePostgres(place.ConnectionString, options =>
    {
        (options.Schema, options.Lanes) = (place.Schema, lanes);
        configure?.Invoke(options);
    })));

    protected static async Task<IHost> Started(Action<PerdureBuilder> over, Action<IServiceCollection>? services = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddPerdure(p => over(p.Workflow<Post>().Workflow<Errand>().Workflow<Round>().Workflow<Tour>()));
        services?.Invoke(builder.Services);
        var host = builder.Build();
        try
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Starts until it is said what came of it: lanes may be on their way.</summary>
    public async Task<StartAnswer> Start(string number, string? key = null, string workflow = "post")
    {
        var patience = Patience();
        while (true)
        {
            var answer = await Perdure.Start(new(workflow, key ?? "key-" + number, Encoding.UTF8.GetBytes($$"""{"number":"{{number}}"}""")), patience);
            if (answer is not StartAnswer.Unavailable { Code: "inbox.waiting" or "node.stopping" }) return answer;
            await Task.Yield();
            patience.ThrowIfCancellationRequested();
        }
    }

    public async Task<InstanceId> Started(string number, string? key = null, string workflow = "post") => Assert.IsType<StartAnswer.Accepted>(await Start(number, key, workflow)).Instance;

    /// <summary>Signals until it is taken in.</summary>
    public async Task Stamp(InstanceId id)
    {
        var patience = Patience();
        while (await Perdure.Signal(id, "stamped", "stamp", "{\"by\":\"me\"}"u8.ToArray(), patience) is not CommandAnswer.Done) patience.ThrowIfCancellationRequested();
    }

    /// <summary>Signals until it is taken in, or has ended meanwhile.</summary>
    public async Task StampIfThere(InstanceId id)
    {
        var patience = Patience();
        while (await Perdure.Signal(id, "stamped", "stamp", "{\"by\":\"me\"}"u8.ToArray(), patience) is not (CommandAnswer.Done or CommandAnswer.Refused)) patience.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until the instance has ended.</summary>
    public async Task Ended(InstanceId id)
    {
        var patience = Patience();
        while ((await Perdure.Get(id, patience))!.Row.Status != Status.Ended) await Task.Delay(10, patience);
    }

    public static CancellationToken Patience() => CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token).Token;

    public Task Stop() => host.StopAsync(CancellationToken.None);

    protected async Task Free()
    {
        if (host is IAsyncDisposable both) await both.DisposeAsync();
        else host.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        await Free();
    }
}

/// <summary>A node over a shard map.</summary>
internal sealed class ShardedNode : LetterNode
{
    private ShardedNode(IHost host) : base(host) { }

    public ShardedStore Store { get; private init; } = null!;

    /// <param name="map">The databases.</param>
    /// <param name="configure">Limits of time.</param>
    /// <param name="around">What stands between the node and its store.</param>
    public static async Task<ShardedNode> Open(ShardMap map, Action<PostgresStoreOptions>? configure = null, Func<ShardedStore, IStore>? around = null)
    {
        ShardedStore? store = null;
        var host = await Started(perdure => perdure.UseShardedPostgres(map, configure), around is null ? null : services => services.AddSingleton<IStore>(
            provider => around(store = new(map, configure, provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<TimeProvider>()))));
        return new(host) { Store = store ?? (ShardedStore)host.Services.GetRequiredService<IStore>() };
    }

    /// <summary>Ends without a word, as a process that is killed: its connections are gone, and its lanes are as they were.</summary>
    public async Task Kill()
    {
        await Store.DisposeAsync();
        await Free();
    }

    /// <summary>The number of the database that an instance is in.</summary>
    public static int DatabaseOf(InstanceId id, ShardMap map) => id.Slot % (map.Lanes * map.Capacity) / map.Lanes;
}
