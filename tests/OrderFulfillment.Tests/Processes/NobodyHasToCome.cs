using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;

namespace Shop.Tests.Processes;

/// <summary>A process that cannot go on ends with an error and a reason, so that whatever supervises it starts the next one; and one that is told to end does, in its time.</summary>
public sealed class NobodyHasToCome
{
    private const string Slow = "4000000000000259";
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task A_process_that_has_lost_its_lane_ends_with_an_error_and_the_next_one_goes_on()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        var before = TestOrder.Of("o-1", ends: TestOrder.Completed);
        await shop.Place(before);
        await shop.Settled(before);
        await using (var database = new SqliteConnection($"Data Source={Path.Combine(shop.Data, "perdure.db")};Pooling=False"))
        {
            await database.OpenAsync(Stop);
            await using var taken = database.CreateCommand();
            taken.CommandText = "UPDATE lane SET epoch = epoch + 1";
            await taken.ExecuteNonQueryAsync(Stop);
        }
        var order = TestOrder.Of("o-2", ends: TestOrder.Completed);
        Assert.False(await shop.Accepts(order));
        Assert.NotEqual(0, await shop.Process.Exited(Stop));
        Assert.Contains("another node owns the lane", shop.Process.Said, StringComparison.OrdinalIgnoreCase);

        await shop.KillAndStart();
        await shop.Place(order);
        await shop.Settled(order);
        await Audit.Agrees(shop, [before, order]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_process_whose_address_is_taken_says_how_to_choose_another()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var folder = new TemporaryFolder();
        await using var shop = await ShopProcess.Start(folder.Path, [$"--urls=http://{taken.LocalEndpoint}"], TestContext.Current.CancellationToken, mayDie: true);
        Assert.Equal(1, await shop.Exited(Stop));
        Assert.Contains("choose another address, as with --urls", shop.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", shop.Said, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_process_whose_file_was_removed_acknowledges_nothing_more_and_ends_with_an_error()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        await shop.Place(TestOrder.Of("o-1"));
        File.Delete(Path.Combine(shop.Data, "perdure.db"));
        Assert.False(await shop.Accepts(TestOrder.Of("o-2")));
        Assert.NotEqual(0, await shop.Process.Exited(Stop));
        Assert.Contains("moved or removed", shop.Process.Said, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_process_is_told_at_once_which_process_holds_the_file()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        await using var second = await ShopProcess.Start(shop.Data, [], Stop, mayDie: true);
        Assert.Equal(1, await second.Exited(Stop));
        Assert.Contains($"is held by process {shop.Process.Id} on {Environment.MachineName}", second.Said, StringComparison.Ordinal);
        Assert.True(await shop.Accepts(TestOrder.Of("o-1")));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("00:00:20"), InlineData("00:00:00.100")]
    public async Task A_process_that_is_told_to_end_does_and_nothing_is_lost_or_done_twice(string within)
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Merchant:SlowMilliseconds=3000", $"--Perdure:DrainWithin={within}");
        TestOrder[] orders = [.. Enumerable.Range(1, 5).Select(n => TestOrder.Of($"o-{n}", Slow, ends: TestOrder.Completed))];
        foreach (var order in orders) await shop.Place(order);
        Assert.Equal(0, await shop.Process.Terminate(Stop));
        Assert.Contains("closed in order", shop.Process.Said, StringComparison.Ordinal);
        await shop.Start();
        foreach (var order in orders) Assert.Equal(0, (await shop.Settled(order)).Recoveries);
        await Audit.Agrees(shop, orders);
    }
}
