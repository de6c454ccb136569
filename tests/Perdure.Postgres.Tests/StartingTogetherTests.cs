using Microsoft.Extensions.Logging.Abstractions;

namespace Perdure.Postgres.Tests;

/// <summary>Nodes that start at the same moment on a database that has nothing yet.</summary>
public sealed class StartingTogetherTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_node_waits_for_the_one_that_makes_the_schema_longer_than_a_statement_may_take()
    {
        await using var place = await Place.Make();
        using var other = new Shell(place.ConnectionString, "public");
        // As another node holds it that makes the schema on a busy server.
        other.Run($"SELECT pg_advisory_lock(hashtextextended('perdure schema {place.Schema}', 0))");
        await using var store = new PostgresStore(place.Options(options => options.StatementWithin = TimeSpan.FromSeconds(1)), NullLogger<PostgresStore>.Instance);
        var opening = store.Open(new("host", 1, "build"), TestContext.Current.CancellationToken);
        // Twice as long as a statement may take: the length is the fault.
        await Assert.ThrowsAsync<TimeoutException>(() => opening.WaitAsync(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken));
        other.Run("SELECT pg_advisory_unlock_all()");
        Assert.NotEmpty((await opening).Lanes);
    }
}
