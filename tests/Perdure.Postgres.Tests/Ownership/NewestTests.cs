using Npgsql;
using Perdure.Kernel;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A lane is told of with the newest instance of the store, so that new ids are above those of its owner before.</summary>
public sealed class NewestTests
{
    [Theory]
    [InlineData("BEGIN; LOCK TABLE instance IN ACCESS EXCLUSIVE MODE", "ROLLBACK")]
    [InlineData("ALTER TABLE instance RENAME TO hidden", "ALTER TABLE hidden RENAME TO instance")]
    public async Task Where_the_newest_instance_cannot_be_asked_for_the_lane_is_told_of_when_it_can_and_the_node_keeps_its_lock_meanwhile(string hinders, string ends)
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Open();      // hands nothing over before it is attached
        await using var b = await place.Join();
        InstanceId newest = default;
        b.Told.OnGained = taken => newest = taken.Newest;
        Task<int> Holder() => place.Ask<int>($"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {b.Number} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        var holder = await Holder();
        await using var stranger = await place.Connect();
        async Task Run(string sql)
        {
            await using var command = new NpgsqlCommand(sql, stranger);
            await command.ExecuteNonQueryAsync();
        }
        await Run(hinders);
        a.Attach();
        await OwnershipPlace.Eventually(() => b.Has.Length == 1, () => "the lane is its own");
        var renewed = await place.Ask<long>($"SELECT lease_until FROM node WHERE id = {b.Number}");
        await OwnershipPlace.Eventually(async () => await place.Ask<long>($"SELECT lease_until FROM node WHERE id = {b.Number}") > renewed + place.Lease.TotalMilliseconds, "its lease is renewed all the same");
        Assert.Equal(0, b.Told.Count("gained"));
        // Tried again all the while, and said once.
        var untold = Assert.Single(b.Told.Of("untold"));
        Assert.NotNull(untold.Why!.InnerException);
        Assert.Equal(0, b.Told.Count("told of all"));
        await Run(ends);
        await b.Told.Until(t => t.Count("gained") == 1, "it is told of the lane");
        Assert.Single(b.Told.Of("told of all"));
        Assert.Equal(7, newest.Value);
        Assert.Equal(holder, await Holder());
        await OwnershipPlace.Eventually(() => b.Sure.Length == 1, () => "it is sure of the lane");
    }
}
