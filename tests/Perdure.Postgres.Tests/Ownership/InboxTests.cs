using System.Diagnostics;
using System.Text;
using Npgsql;
using Perdure.Kernel;
using Perdure.Postgres.Sending;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A command that arrives at any node reaches the owner of its lane, once, and its answer comes back.</summary>
public sealed class InboxTests
{
    private static readonly InstanceId Receiver = InstanceId.Create(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000), 0, 5);

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    private static (Inbox Inbox, NpgsqlDataSource Source) InboxOf(OwnershipPlace place, KeptNode node, TimeSpan? answerWithin = null)
    {
        var options = place.Options();
        options.AnswerWithin = answerWithin ?? OwnershipPlace.Patience;
        var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(place.ConnectionString) { SearchPath = "perdure", MaxPoolSize = 4 }.ToString());
        return (new(source, options, node.Keeper.Wakes, 4), source);
    }

    [Fact]
    public async Task A_command_is_told_to_the_owner_and_its_answer_to_the_sender()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        var (owner, other) = a.Has.Contains(1) ? (a, b) : (b, a);
        var (sends, answers) = (InboxOf(place, other), InboxOf(place, owner));
        await using var _ = sends.Source;
        await using var __ = answers.Source;

        var answer = sends.Inbox.Send(Receiver, "k", Text("do"), CancellationToken.None);
        var again = sends.Inbox.Send(Receiver, "k", Text("do"), CancellationToken.None);
        await owner.Told.Until(t => t.Of("arrived").Any(m => m.Lane == 1), "the owner is told");
        var message = Assert.Single(await answers.Inbox.Open(1, 10, CancellationToken.None));
        Assert.Equal((Receiver, "k", "do"), (message.To, message.Key, Encoding.UTF8.GetString(message.Body.Span)));
        await answers.Inbox.Answer(message.Position, Text("done"), final: true, CancellationToken.None);
        await answers.Inbox.Answer(message.Position, Text("done otherwise"), final: true, CancellationToken.None);

        Assert.Equal("done", Encoding.UTF8.GetString((await answer)!.Value.Span));
        Assert.Equal("done", Encoding.UTF8.GetString((await again)!.Value.Span));
        Assert.Equal("done", Encoding.UTF8.GetString((await sends.Inbox.Send(Receiver, "k", Text("do"), CancellationToken.None))!.Value.Span));
        Assert.Empty(await answers.Inbox.Open(1, 10, CancellationToken.None));
        Assert.Equal(1L, await place.Ask<long>("SELECT count(*) FROM inbox"));
    }

    [Fact]
    public async Task Without_any_notification_both_find_out_by_looking()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Join();
        var (inbox, source) = InboxOf(place, a);
        await using var _ = source;
        await place.Execute($"INSERT INTO inbox (lane, receiver, key, body, sent_at) VALUES (1, {Receiver.Value}, 'k', 'do', 0)");
        await a.Told.Until(t => t.Of("arrived").Any(m => m.Lane == 1), "the owner finds it");
        var answer = inbox.Send(Receiver, "k", Text("do"), CancellationToken.None);
        await place.Execute("UPDATE inbox SET answer = 'done', answered_at = 1");
        Assert.Equal("done", Encoding.UTF8.GetString((await answer)!.Value.Span));
    }

    [Fact]
    public async Task A_command_whose_key_becomes_free_while_it_is_sent_is_kept_as_one_of_its_own()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Open();
        var (inbox, source) = InboxOf(place, a);
        await using var _ = source;
        await place.Execute($"""
            INSERT INTO inbox (lane, receiver, key, body, sent_at) VALUES (1, {Receiver.Value}, 'k', 'do', 0);
            CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END';
            CREATE TRIGGER waits AFTER INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION waits()
            """);
        using Shell shell = new(place.ConnectionString, "perdure"), watch = new(place.ConnectionString, "perdure");
        shell.Run("SELECT pg_advisory_lock(4711)");
        // It finds the key taken, and looks for whose it is after that one was told to come again.
        var answer = inbox.Send(Receiver, "k", Text("do again"), CancellationToken.None);
        await PostgresTest.UntilHeldUp(watch, () => "wait_event = 'advisory' AND datname = current_database()", answer);
        var first = Assert.Single(await inbox.Open(1, 10, CancellationToken.None));
        await inbox.Answer(first.Position, Text("come again"), final: false, CancellationToken.None);
        shell.Run("SELECT pg_advisory_unlock(4711)");
        await OwnershipPlace.Eventually(async () => (await inbox.Open(1, 10, CancellationToken.None)).Count == 1 || answer.IsCompleted, "it is kept");
        var second = Assert.Single(await inbox.Open(1, 10, CancellationToken.None));
        Assert.Equal("do again", Encoding.UTF8.GetString(second.Body.Span));
        await inbox.Answer(second.Position, Text("done"), final: true, CancellationToken.None);
        Assert.Equal("done", Encoding.UTF8.GetString((await answer)!.Value.Span));
    }

    [Fact]
    public async Task An_answer_that_nobody_tells_of_is_found_at_a_tick_also_while_others_are_told_of_all_the_time()
    {
        await using var place = await OwnershipPlace.Make(4);
        place.Tick = TimeSpan.FromMilliseconds(200);
        await using var a = await place.Join();
        var (inbox, source) = InboxOf(place, a);
        await using var _ = source;
        using var enough = new CancellationTokenSource();
        var silent = inbox.Send(Receiver, "silent", Text("do"), enough.Token);
        var told = inbox.Send(Receiver, "told", Text("do"), enough.Token);
        await OwnershipPlace.Eventually(async () => await place.Ask<long>("SELECT count(*) FROM inbox") == 2, "both are kept");
        var position = await place.Ask<long>("SELECT position FROM inbox WHERE key = 'told'");
        await place.Execute("UPDATE inbox SET answer = 'done', answered_at = 1 WHERE key = 'silent'");
        // Told of another more often than there are ticks, as where many nodes answer: the silence that would bring a poll never comes.
        for (var since = Stopwatch.GetTimestamp(); !silent.IsCompleted && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10); await Task.Delay(5)) a.Keeper.Wakes.Hear($"0 a{position}", "none");
        Assert.True(silent.IsCompleted);
        Assert.Equal("done", Encoding.UTF8.GetString((await silent)!.Value.Span));
        Assert.False(told.IsCompleted);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => told);
    }

    [Fact]
    public async Task Where_no_answer_comes_in_time_the_command_is_kept_and_nothing_is_answered()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Join();
        var (inbox, source) = InboxOf(place, a, TimeSpan.FromMilliseconds(100));
        await using var _ = source;
        Assert.Null(await inbox.Send(Receiver, "k", Text("do"), CancellationToken.None));
        Assert.Single(await inbox.Open(1, 10, CancellationToken.None));
    }

    [Fact]
    public async Task A_refusal_is_told_once_and_the_same_key_again_is_a_new_command()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Join();
        var (inbox, source) = InboxOf(place, a);
        await using var _ = source;
        var first = inbox.Send(Receiver, "k", Text("do"), CancellationToken.None);
        await a.Told.Until(t => t.Of("arrived").Any(m => m.Lane == 1), "the owner finds it");
        await inbox.Answer(Assert.Single(await inbox.Open(1, 10, CancellationToken.None)).Position, Text("not now"), final: false, CancellationToken.None);
        Assert.Equal("not now", Encoding.UTF8.GetString((await first)!.Value.Span));

        var second = inbox.Send(Receiver, "k", Text("do"), CancellationToken.None);
        await OwnershipPlace.Eventually(async () => (await inbox.Open(1, 10, CancellationToken.None)).Count == 1, "it is kept anew");
        await inbox.Answer(Assert.Single(await inbox.Open(1, 10, CancellationToken.None)).Position, Text("done"), final: true, CancellationToken.None);
        Assert.Equal("done", Encoding.UTF8.GetString((await second)!.Value.Span));
    }

    [Fact]
    public async Task Many_at_once_are_each_answered_with_their_own_answer()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        var (owner, other) = a.Has.Contains(1) ? (a, b) : (b, a);
        var (sends, answers) = (InboxOf(place, other), InboxOf(place, owner));
        await using var _ = sends.Source;
        await using var __ = answers.Source;

        const int many = 300;
        var sent = Enumerable.Range(0, many).Select(i => sends.Inbox.Send(Receiver, $"k{i}", Text($"{i}"), CancellationToken.None)).ToList();
        for (var answered = 0; answered < many;)
        {
            var open = await answers.Inbox.Open(1, 50, CancellationToken.None);
            foreach (var message in open) await answers.Inbox.Answer(message.Position, message.Body, final: true, CancellationToken.None);
            answered += open.Count;
        }
        for (var i = 0; i < many; i++) Assert.Equal($"{i}", Encoding.UTF8.GetString((await sent[i])!.Value.Span));
    }

    [Fact]
    public async Task Answers_are_removed_some_time_after_they_were_given_and_what_is_open_never()
    {
        await using var place = await OwnershipPlace.Make(4);
        await place.Execute($"""
            INSERT INTO inbox (lane, receiver, key, body, sent_at, answered_at, answer)
            SELECT 1, n, 'k', '', 0, CASE WHEN n > 1200 THEN NULL WHEN n > 1100 THEN (extract(epoch FROM clock_timestamp()) * 1000)::int8 - 300000 ELSE 5 END, '' FROM generate_series(1, 1300) AS n
            """);
        await using var a = await place.Join();
        await OwnershipPlace.Eventually(async () => await place.Ask<long>("SELECT count(*) FROM inbox") == 200, "those that are old and answered are gone");
        Assert.Equal(100L, await place.Ask<long>("SELECT count(*) FROM inbox WHERE answered_at IS NULL"));
    }
}
