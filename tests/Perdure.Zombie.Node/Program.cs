using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Ports;
using Perdure.Postgres;
using Perdure.StoreConformance;

// An owner of a store's one lane that does not know when to stop: it writes whenever it is told to, a line of its input each, under the epoch that it had when it began. The engine would not; what keeps such a
// one out is the database. Arguments: connection string, schema, lease in milliseconds.
await using var store = new PostgresStore(
    new() { ConnectionString = args[0], Schema = args[1], Lanes = 1, Lease = TimeSpan.FromMilliseconds(int.Parse(args[2], CultureInfo.InvariantCulture)) }, NullLogger<PostgresStore>.Instance);
var owned = await store.Open(new(Environment.MachineName, Environment.ProcessId, "build"), CancellationToken.None);
await store.Register(Orders.Map(), CancellationToken.None);
Life.In = (1, 2);       // an instance that no test has of its own
var life = new Life();
var lane = owned.Lanes.Single();
Console.WriteLine($"{life.Id} has epoch {lane.Epoch}");
for (var number = 1L; Console.ReadLine() is { } told; number++)
{
    var answered = new TaskCompletionSource<CommitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
    store.Commit(new(lane.Lane, lane.Epoch, number, [told == "start" ? life.Start() : life.Copy().Turn()]), answered.SetResult);
    Console.WriteLine($"{number}. " + await answered.Task switch
    {
        CommitAnswer.Committed(var items) => items[0] is ItemAnswer.Committed ? "committed" : items[0].GetType().Name,
        CommitAnswer.Fenced(var epoch) => $"refused by epoch {epoch}",
        var other => other.GetType().Name,
    });
}
