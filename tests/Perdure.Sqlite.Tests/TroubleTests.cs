using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;
using SQLitePCL;

namespace Perdure.Sqlite.Tests;

/// <summary>When the store cannot write it says so clearly, nothing that was acknowledged is lost, and it goes on by itself.</summary>
public sealed class TroubleTests : SqliteTest
{
    [Fact]
    public async Task A_full_disk_fails_a_commit_for_certain_and_loses_nothing()
    {
        var store = await Open();
        var kept = new Life();
        await Must(store, kept.Start());
        await store.Ask(d => d.Number($"PRAGMA max_page_count = {d.Number("PRAGMA page_count") + 2}"));

        Life[] more = [.. Enumerable.Range(0, 500).Select(_ => new Life())];
        var failed = Assert.IsType<CommitAnswer.Failed>(await Send(store, [.. more.Select(l => l.Copy().Start())]));
        Assert.Equal("store.full", failed.Reason.Code);
        Assert.Contains(File, failed.Reason.Message, StringComparison.Ordinal);
        Assert.NotNull(await store.Load(kept.Id, Now));
        Assert.Null(await store.Load(more[0].Id, Now));
        Assert.Equal(1, await store.Views.FeedEnd(Now));

        await store.Ask(d => d.Number("PRAGMA max_page_count = 1000000"));
        await Must(store, [.. more.Select(l => l.Start())]);
        Assert.Equal(501, (await store.Views.Tallies(Now)).Sum(t => t.Count));
    }

    [Fact]
    public async Task The_size_that_is_allowed_is_kept()
    {
        var store = await Open(o => o.MaxBytes = 1_000_000);
        CommitAnswer answer;
        var number = 0;
        do answer = await Send(store, [.. Enumerable.Range(0, 200).Select(_ => new Life().Start())]);
        while (answer is CommitAnswer.Committed && ++number < 100);
        Assert.Equal("store.full", Assert.IsType<CommitAnswer.Failed>(answer).Reason.Code);
    }

    [Fact]
    public async Task Another_programs_lock_delays_a_write_and_then_fails_it_for_certain()
    {
        var store = await Open(o => o.LockWithin = TimeSpan.FromMilliseconds(50));
        var life = new Life();
        await Must(store, life.Start());
        var turn = life.Turn();
        using (var shell = Shell.Open(File))
        {
            shell.Run("BEGIN IMMEDIATE");
            Assert.Equal("store.busy", Assert.IsType<CommitAnswer.Failed>(await Send(store, turn)).Reason.Code);
            Assert.NotNull(await store.Load(life.Id, Now));
        }
        await Must(store, turn);
    }

    [Fact]
    public async Task A_commit_that_fails_is_resolved_by_a_write_under_the_fence()
    {
        var store = await Open();
        var (life, fails) = (new Life(), 1);
        await Must(store, life.Start());
        await store.Ask(d => { raw.sqlite3_commit_hook(d.Handle, _ => fails-- > 0 ? 1 : 0, null!); return true; });
        var turn = life.Turn(Orders.Locked);
        Assert.IsType<CommitAnswer.Failed>(await Send(store, turn));
        Assert.Equal(1, await store.Views.FeedEnd(Now));
        await Must(store, turn);
        Assert.Equal(Orders.Locked, (await store.Load(life.Id, Now))!.Row.State);
    }

    [Fact]
    public async Task A_commit_that_cannot_be_resolved_is_unknown()
    {
        var store = await Open();
        var (life, fails) = (new Life(), true);
        await store.Ask(d => { raw.sqlite3_commit_hook(d.Handle, _ => fails ? 1 : 0, null!); return true; });
        var start = life.Start();
        Assert.IsType<CommitAnswer.Unknown>(await Send(store, start));
        fails = false;
        await Must(store, start);
    }

    [Fact]
    public async Task A_fence_that_a_later_owner_took_stops_a_zombie()
    {
        var store = await Open();
        using (var shell = Shell.Open(File)) shell.Run("UPDATE lane SET epoch = epoch + 1");
        Assert.Equal(Epoch + 1, Assert.IsType<CommitAnswer.Fenced>(await Send(store, new Life().Start())).Epoch);
        Assert.Equal(0, await store.Views.FeedEnd(Now));
    }

    [Fact]
    public async Task A_read_ends_in_its_time_and_harms_nobody()
    {
        var store = await Open(o => o.ReadWithin = TimeSpan.FromMilliseconds(50));
        var slow = store.AskReader(d => d.Number("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"));
        await Must(store, new Life().Start());
        Assert.Equal("store.read-timeout", (await Assert.ThrowsAsync<StoreException>(() => slow)).Code);
        Assert.Equal(1, await store.Views.FeedEnd(Now));
    }

    [Fact]
    public async Task A_read_ends_when_it_is_cancelled()
    {
        var store = await Open(o => o.ReadWithin = TimeSpan.FromMinutes(5));
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var slow = store.AskReader(d => d.Number("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"), cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_bounded_under_load()
    {
        var store = await Open(o => (o.CheckpointBytes, o.WalBytesMax) = (256 * 1024, 2 * 1024 * 1024));
        var longest = 0L;
        for (var i = 0; i < 200; i++)
        {
            await Must(store, [.. Enumerable.Range(0, 100).Select(_ => new Life().Start())]);
            longest = Math.Max(longest, new FileInfo(File + "-wal").Length);
        }
        Assert.True(new FileInfo(File).Length > 4 * 1024 * 1024);
        Assert.InRange(longest, 1, 4 * 1024 * 1024);
    }

    [Fact]
    public async Task Erasing_leaves_a_history_that_verifies()
    {
        var store = await Open();
        var life = new Life();
        await Must(store, life.Start(), life.Turn());
        Assert.Equal("store.not-ended", (await Assert.ThrowsAsync<StoreException>(() => store.Erase(life.Id, Now))).Code);
        await Must(store, life.Turn(Orders.Done));
        await store.Erase(life.Id, Now);
        await store.Erase(life.Id, Now);

        var verified = await store.Views.Verify(life.Id, (3, life.Head), Now);
        Assert.True(verified.Intact, verified.Problem);
        Assert.All(await store.Records(life.Id, 1, 10, Now), r => Assert.Equal(0, r.Body.Length));
        Assert.Equal(0, (await store.Load(life.Id, Now))!.Row.Salt.Length);
        using var shell = Shell.Open(File);
        shell.Run("DROP TRIGGER log_is_fixed; UPDATE log SET digest = zeroblob(32) WHERE version = 2");
        Assert.Equal(2, (await store.Views.Verify(life.Id, null, Now)).BrokenAt);
        // Not even a digest, and a moment that no calendar has.
        shell.Run("UPDATE log SET digest = x'01' WHERE version = 1");
        Assert.Equal(1, (await store.Views.Verify(life.Id, null, Now)).BrokenAt);
        shell.Run("UPDATE log SET digest = zeroblob(32), at = 9223372036854775807 WHERE version = 1");
        Assert.Equal(1, (await store.Views.Verify(life.Id, null, Now)).BrokenAt);
    }

    [Fact]
    public async Task Counts_are_what_the_database_counts()
    {
        var store = await Open();
        var lives = Enumerable.Range(0, 100).Select(_ => new Life()).ToList();
        await Must(store, [.. lives.Select(l => l.Start())]);
        await Send(store, [.. lives.Select((l, i) => i % 7 == 0 ? l.Copy().Turn(Orders.Charged) : l.Turn(i % 2 == 0 ? Orders.Locked : null, i % 2 == 0 ? null : Status.Waiting))]);
        using var shell = Shell.Open(File);
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM tally t WHERE t.n <> (SELECT count(*) FROM instance i WHERE i.state = t.state AND i.status = t.status)"));
    }

    [Fact]
    public async Task Searches_by_state_status_and_time_use_an_index()
    {
        var store = await Open();
        foreach (var name in new[] { "ids-up", "ids-down", "timers", "next-timer", "outbox", "pages-owed", "read-records", "read-stack", "read-messages", "find-key", "business-instance", "feed", "chain", "newest-instance", "last-position", "newest-record", "removable", "newest-of", "removed-before" })
        {
            var plan = await store.AskReader(d => d.Plan(name));
            Assert.DoesNotContain("SCAN i", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
            if (name is not ("newest-instance" or "last-position" or "pages-owed")) Assert.DoesNotContain("SCAN", plan, StringComparison.Ordinal);
        }
    }
}
