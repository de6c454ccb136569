using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Postgres.Tests.Sharding;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Nodes that leave in order, one after the other under load, let go of every lane by themselves: none is taken from them. <c>LEAVES</c> says how often it is tried.</summary>
public sealed class NodesLeaveInOrderTests : PostgresTest
{
    private const int Nodes = 3, Lanes = 12, Letters = 12;
    private static readonly int Leaves = int.TryParse(Environment.GetEnvironmentVariable("LEAVES"), CultureInfo.InvariantCulture, out var leaves) ? leaves : 12;

    private readonly Complaints _complaints = new();

    [Fact]
    public async Task Whoever_leaves_hands_over_all_its_lanes_and_no_letter_is_lost()
    {
        List<Member> members = [];
        List<InstanceId> sent = [], all = [];
        try
        {
            for (var i = 0; i < Nodes; i++) members.Add(await Join());
            for (var leave = 0; leave < Leaves; leave++)
            {
                await Balanced(members);
                // While letters come and are stamped, at those that stay.
                var at = leave % Nodes;
                var (first, second) = (members[(at + 1) % Nodes], members[(at + 2) % Nodes]);
                var stamped = Task.WhenAll(sent.Select((letter, i) => (i % 2 == 0 ? first : second).StampIfThere(letter)));
                var starts = Task.WhenAll(Enumerable.Range(1, Letters).Select(letter => (letter % 2 == 0 ? first : second).Started($"{leave}-{letter}")));
                await members[at].DisposeAsync();
                members[at] = await Join();
                await stamped;
                all.AddRange(sent = [.. await starts]);
            }
            await Task.WhenAll(sent.Select(members[0].StampIfThere));
            foreach (var letter in all) await members[0].Ended(letter);
            Assert.Equal(Leaves * Letters, all.Distinct().Count());
            Assert.Empty(_complaints.Said);
        }
        finally
        {
            foreach (var member in members) await member.DisposeAsync();
        }
    }

    private static async Task Balanced(List<Member> members)
    {
        var patience = LetterNode.Patience();
        while (members.Any(member => member.Lanes != Lanes / Nodes)) await Task.Delay(2, patience);
    }

    private async Task<Member> Join()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(_complaints);
        builder.Services.AddPerdure(p => p.Workflow<Post>().UsePostgres(Place.ConnectionString, o => (o.Schema, o.Lanes) = (Place.Schema, Lanes)));
        var host = builder.Build();
        await host.StartAsync(Now);
        return new(host);
    }

    private sealed class Member(IHost host) : LetterNode(host)
    {
        public int Lanes => Host.Services.GetRequiredService<Perdure.Runtime.Node>().Lanes.Count;
    }

    /// <summary>What nodes say that is more than information.</summary>
    private sealed class Complaints : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Said { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Said.Enqueue($"{eventId.Id}: {formatter(state, exception)} {exception?.Message}");
        }
        public void Dispose() { }
    }
}
